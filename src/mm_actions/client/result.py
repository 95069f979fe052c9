"""How a call ended: a value that is true on success, and says why on failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mm_actions.client.merge import MergeConflict
    from mm_actions.contract.wire import Answer
    from mm_actions.errors import InvocationError


# A struct, because one is made for every call: 0.2 µs instead of 1.2 for a frozen dataclass.
class ActionResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of an action, or of a sequence of actions.

    Attributes:
        action: The action's name.
        server: The name of its server in the configuration.
        error: Why it failed; None on success.
        answer: What the action answered; None on failure.
        attempts: How often it was tried.
        elapsed: Seconds from the call to its end, waiting included.
        trace_id: The W3C trace id of the call, as the server was told.
        steps: The results of a sequence's actions, in the order given; empty for a single action.
        conflicts: What several actions of a sequence set to different values; the last one's counts.
    """

    action: str
    server: str
    error: InvocationError | None = None
    answer: Answer | None = None
    attempts: int = 1
    elapsed: float = 0.0
    trace_id: str = ""
    steps: tuple[ActionResult, ...] = ()
    conflicts: tuple[MergeConflict, ...] = ()

    def __bool__(self) -> bool:
        """Whether it succeeded, which is what MindMeld's ``invoke`` returns."""
        return self.error is None

    @property
    def kind(self) -> str:
        """``ok``, or the error's kind, such as ``connect-failed``."""
        return "ok" if self.error is None else self.error.kind

    def or_raise(self, raise_on_failure: bool) -> Self:
        """Give the result, or raise its error if that was asked for.

        Raises:
            InvocationError: The call failed and ``raise_on_failure`` is true.
        """
        if raise_on_failure and self.error is not None:
            raise self.error
        return self

    @classmethod
    def of_steps(cls, steps: Sequence[ActionResult], *, elapsed: float, failures: int = 0) -> ActionResult:
        """Sum up a sequence of at least one step: its error is that of the first that failed.

        Args:
            steps: The results.
            elapsed: Seconds for all of them.
            failures: How many may fail without the whole failing.
        """
        failed = [step for step in steps if step.error is not None]
        succeeded = [step for step in steps if step.error is None]
        last = failed[0] if len(failed) > failures else (succeeded or steps)[-1]
        return cls(
            action=", ".join(step.action for step in steps),
            server=", ".join(dict.fromkeys(step.server for step in steps)),
            error=last.error if len(failed) > failures else None,
            answer=last.answer,
            attempts=sum(step.attempts for step in steps),
            elapsed=elapsed,
            trace_id=last.trace_id,
            steps=tuple(steps),
        )
