"""Whether to try again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from mm_actions.resilience.bounds import check_bounds
from mm_actions.resilience.verdict import Again, read

if TYPE_CHECKING:
    from mm_actions.errors import InvocationError
    from mm_actions.resilience.budget import RetryBudget
    from mm_actions.resilience.deadline import Deadline


class RandomSource(Protocol):
    """The one method of :class:`random.Random` that jitter needs."""

    def random(self) -> float:
        """Return a number from 0.0, included, to 1.0, excluded."""
        ...


RANDOM: Final[RandomSource] = random.SystemRandom()
"""Asks the operating system: workers forked from one parent must not draw the same jitter."""

REFUSED_UNEXECUTED: Final = frozenset({429, 503})
_HIGHEST_EXPONENT: Final = 1000  # of 2.0: the next ones would end in an OverflowError, far above any cap


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When to try again, and how long to wait before.

    Attributes:
        retries: Attempts after the first one, at most.
        base: Seconds that the first wait may last, at most; the second one twice that, and so on.
        cap: Seconds that any wait may last, at most, unless the server asks for more.
        margin: Seconds that must be left after the wait, or the attempt is not worth making.
    """

    retries: int = 1
    base: float = 0.05
    cap: float = 1.0
    margin: float = 0.01

    def __post_init__(self) -> None:
        check_bounds(self, retries=(0, 10), base=(0, 60), cap=(0, 60), margin=(0, 60))

    def ceiling(self, attempt: int) -> float:
        """Return the longest wait after that attempt, counted from 1, in seconds."""
        return min(self.cap, self.base * 2.0 ** min(attempt - 1, _HIGHEST_EXPONENT))

    def backoff(self, attempt: int, rng: RandomSource = RANDOM) -> float:
        """Return a wait with full jitter: anything from nothing to the ceiling, equally likely.

        Clients that failed together come back spread out
        (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
        """
        return rng.random() * self.ceiling(attempt)


def decide(
    error: InvocationError,
    *,
    attempt: int,
    deadline: Deadline,
    keyed: bool,
    policy: RetryPolicy,
    budget: RetryBudget,
    rng: RandomSource = RANDOM,
) -> float | None:
    """Return the seconds to wait before another attempt, or None to give up.

    Another attempt is made when all of this holds:

    * the error is one that may pass (the table of :mod:`mm_actions.resilience.verdict`) and the server
      did not forbid it;
    * it cannot do the work twice: the request was provably not sent, or it carries a key which the server
      honours, or the server answered 429 or 503 *with* a ``Retry-After``. That field says when to come
      back with the request (RFC 9110, 10.2.3), so the request was turned away at the door: a means to
      tell that it was never applied, as RFC 9110, 9.2.2 asks of one who repeats a POST. A 503 without
      it may as well come from a proxy that lost the server half-way, and a 500 from the midst of the work;
    * ``attempt`` is at most ``policy.retries``, and the budget has a retry left;
    * the wait and ``policy.margin`` fit into the deadline.

    The wait is the back-off with full jitter, added to ``Retry-After`` where there is one: never earlier
    than asked, and not all at the same moment. A ``Retry-After`` below 0 or not a number is ignored.

    A call whose key is still running is polled until the deadline: a poll is answered from the server's
    ledger, so it counts neither as a retry nor in the budget, and its wait is at least half the ceiling.

    Args:
        error: How the attempt failed.
        attempt: Which attempt it was, from 1.
        deadline: The end of the turn.
        keyed: Whether it carried an idempotency key which the server honours.
        policy: The figures.
        budget: The server's; one retry is taken from it when the answer is yes.
        rng: The source of jitter.
    """
    again = read(error).again
    if again is Again.NEVER or error.do_not_retry or error.permanent:
        return None
    asked = error.retry_after
    if asked is not None and not asked >= 0:  # "not >=" is true of NaN too
        asked = None
    wait = policy.backoff(attempt, rng)
    if asked is not None:
        wait += asked
    elif again is Again.POLL:
        wait = (wait + policy.ceiling(attempt)) / 2
    if wait + policy.margin > deadline.remaining():
        return None
    if again is Again.POLL:
        return wait if keyed else None
    turned_away = asked is not None and error.status in REFUSED_UNEXECUTED
    if not (keyed or error.retryable or turned_away) or attempt > policy.retries:
        return None
    return wait if budget.withdraw() else None
