"""Faults that a mock server is asked for: by its command line, or by a header of the call."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEADER: Final = "X-MM-Fault"
EVERY: Final = "*"
LATENCY: Final = "latency"

KINDS: Final = {
    LATENCY: "the answer comes SECONDS later (latency=SECONDS)",
    "hang": "no answer, and the connection stays open",
    "close": "no answer, and the connection is closed",
    "reset": "no answer, and the connection is reset (RST)",
    "truncated": "the answer ends after half of its body, or after BYTES (truncated=BYTES)",
    "slow": "the answer comes byte by byte, SECONDS between two (slow=SECONDS, 0.05)",
    "endless": "an answer without an end, of 64 MiB",
    "not-http": "bytes that are no HTTP",
    "garbage": "a body that calls itself JSON and is none",
    "html": "200 with a page, as a portal or a proxy sends it",
    "null": "members of the answer that say nothing are null, as some servers write them",
}
"""What can be asked for besides a status from 400 to 599, which may have a Retry-After: ``503=30``."""

_AMOUNTS = {LATENCY: None, "slow": 0.05, "truncated": None}
_MOST = 3600.0
_STATUS = re.compile(r"[45]\d\d")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Args:
        kind: One of :data:`KINDS`, or ``status``.
        status: The status, of a fault that is one.
        amount: Its seconds or bytes.
    """

    kind: str
    status: int = 0
    amount: float | None = None

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``503``, ``503=30``, ``latency=0.5``, ``hang``, ...

        Raises:
            ConfigurationError: There is no such fault, or its number cannot work.
        """
        kind, equals, number = text.strip().partition("=")
        if not (_STATUS.fullmatch(kind) or kind in KINDS):
            raise ConfigurationError(
                f"there is no fault {kind!r}: write a status from 400 to 599, or {', '.join(KINDS)}"
            )
        amount = _AMOUNTS.get(kind)
        if equals:
            if not (kind in _AMOUNTS or kind.isdigit()):
                raise ConfigurationError(f"the fault {kind} takes no number")
            amount = _number(
                number, f"the number of the fault {kind}", most=_MOST if kind != "truncated" else 1e9
            )
        elif kind == LATENCY:
            raise ConfigurationError("how long? Write latency=0.5 for half a second")
        return cls("status", int(kind), amount) if kind.isdigit() else cls(kind, amount=amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """A fault, and when it comes.

    Attributes:
        action: The action, or ``*`` for every one.
        fault: The fault.
        probability: From 0 to 1.
    """

    action: str
    fault: Fault
    probability: float = 1.0

    @classmethod
    def parse(cls, text: str) -> FaultRule:
        """Read ``place_order=503`` or ``*=latency=0.5:0.1``.

        Raises:
            ConfigurationError: It is of another form.
        """
        action, equals, rest = text.rpartition("=") if text.count("=") == 1 else _split(text)
        if not (action and equals and rest):
            raise ConfigurationError(
                f"{text!r} is no fault: write ACTION=FAULT or ACTION=FAULT:PROBABILITY, such as "
                "place_order=503, '*=reset:0.1' or pay=latency=2"
            )
        kind, colon, chance = rest.partition(":")
        probability = _number(chance, "a probability", most=1.0) if colon else 1.0
        return cls(action=action, fault=Fault.parse(kind), probability=probability)


class Faults:
    """Draws faults by rules.

    Args:
        rules: All that fit a call are drawn, in this order: latencies add up, and the first other one that
            comes is the call's.
        seed: Where the drawing begins; the same seed and the same calls give the same faults.
    """

    def __init__(self, rules: Iterable[FaultRule] = (), *, seed: int | None = None) -> None:
        self.rules = tuple(rules)
        self._chance = random.Random(seed)  # noqa: S311 - no secret

    def draw(self, action: str | None) -> list[Fault]:
        """Give what befalls a call."""
        return [
            rule.fault
            for rule in self.rules
            if rule.action in (EVERY, action)
            and (rule.probability >= 1 or self._chance.random() < rule.probability)
        ]


def parse_header(value: str) -> list[Fault]:
    """Read the value of the header: faults with commas between them.

    Raises:
        ConfigurationError: As :meth:`Fault.parse`.
    """
    return [Fault.parse(text) for text in value.split(",")]


def chosen(faults: Sequence[Fault]) -> tuple[float, Fault | None]:
    """Give the seconds that an answer is to be late, and what else is wrong with it."""
    late = sum(fault.amount or 0.0 for fault in faults if fault.kind == LATENCY)
    return late, next((fault for fault in faults if fault.kind != LATENCY), None)


def _split(text: str) -> tuple[str, str, str]:
    """Split at the last ``=`` before the fault: the name of an action may have one itself."""
    head, _, number = text.rpartition("=")
    action, equals, kind = head.rpartition("=")
    if _STATUS.fullmatch(kind) or kind in KINDS:
        return action, equals, f"{kind}={number}"
    return head, "=", number


def _number(text: str, what: str, *, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        raise ConfigurationError(f"{what} is from 0 to {most:g}, not {text!r}")
    return number
