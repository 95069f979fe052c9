"""What a check is, and the three ways in which one ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.conformance.exchange import Exchange
    from mm_actions.conformance.probe import Probe

Level: TypeAlias = Literal["core", "full"]
Severity: TypeAlias = Literal["MUST", "SHOULD", "MAY"]


class Failed(Exception):
    """The server does not do what the check asks for.

    Args:
        reason: What it did, and what was due.
        exchange: The exchange that shows it; None for the last one of the check.
    """

    def __init__(self, reason: str, exchange: Exchange | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exchange = exchange


class Skipped(Exception):
    """The check does not apply to this server, or cannot be made with what is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that a server does.

    Attributes:
        id: Such as ``C23``; it never changes its meaning.
        title: What a server does that passes.
        level: The level that the check belongs to; ``full`` includes ``core``.
        severity: Only a MUST decides whether a server conforms.
        topic: What it is about, after the module that holds it.
        run: Makes it. It returns None or a remark, and raises :exc:`Failed` or :exc:`Skipped`.
    """

    id: str
    title: str
    level: Level
    severity: Severity
    topic: str
    run: Callable[[Probe], str | None]


def check(
    number: str, title: str, *, level: Level = "full", severity: Severity = "MUST"
) -> Callable[[Callable[[Probe], str | None]], Check]:
    """Make a check of the function below.

    Args:
        number: The check's id.
        title: What a server does that passes.
        level: The level that it belongs to.
        severity: How much it weighs.
    """

    def made(function: Callable[[Probe], str | None]) -> Check:
        topic = function.__module__.rpartition(".")[2].replace("_", " ")
        return Check(id=number, title=title, level=level, severity=severity, topic=topic, run=function)

    return made
