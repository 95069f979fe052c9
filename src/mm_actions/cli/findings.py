"""What `mm-actions check` finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mm_actions.cli.failure import EX_CONFIG, exit_code_of

if TYPE_CHECKING:
    from mm_actions.errors import CustomActionException

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        status: How it is.
        subject: What was looked at: ``settings``, ``cert``, ``reached``, ``action list_stores``, ...
        detail: What was seen; the words of files and servers are in it as they are.
        exit_code: Of a failure: what kind it is.
        facts: The same for programs.
    """

    status: Status
    subject: str
    detail: str
    exit_code: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


def ok(subject: str, detail: str, **facts: Any) -> Finding:
    """Say that something is as it should be."""
    return Finding(status="ok", subject=subject, detail=detail, facts=facts)


def warning(subject: str, detail: str, **facts: Any) -> Finding:
    """Say that something works, and may not for long or not as meant."""
    return Finding(status="warning", subject=subject, detail=detail, facts=facts)


def skipped(subject: str, detail: str) -> Finding:
    """Say that something was not looked at, and why."""
    return Finding(status="skipped", subject=subject, detail=detail)


def failed(subject: str, error: CustomActionException | str, **facts: Any) -> Finding:
    """Say that something cannot work."""
    code = EX_CONFIG if isinstance(error, str) else exit_code_of(error)
    return Finding(status="failed", subject=subject, detail=str(error), exit_code=code, facts=facts)
