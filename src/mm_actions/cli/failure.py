"""What went wrong, in one line for people and as JSON for programs; and the exit code it means."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.cli.printable import printable
from mm_actions.contract.status import row_of
from mm_actions.errors import (
    BadStatus,
    CustomActionException,
    HandlerSuspended,
    InvocationError,
    ReprocessLoop,
)

if TYPE_CHECKING:
    from mm_actions.contract.wire import Problem

EX_USAGE, EX_SOFTWARE, EX_CONFIG = 64, 70, 78
INTERRUPTED = 130
BROKEN_PIPE = 1  # as typer, rich and Python's own documentation have it
MOST_REASONS = 10


class UsageProblem(CustomActionException):
    """The command line, or a file that it names, cannot be understood."""


def exit_code_of(error: CustomActionException) -> int:
    """Find the exit code that says what kind of error it was."""
    if isinstance(error, InvocationError):
        return row_of(error).exit_code
    if isinstance(error, UsageProblem):
        return EX_USAGE
    return EX_SOFTWARE if isinstance(error, (HandlerSuspended, ReprocessLoop)) else EX_CONFIG


def complain(text: object) -> None:
    """Write one line to stderr."""
    print(f"mm-actions: {printable(text, most=None)}", file=sys.stderr)  # noqa: T201 - this is what it is for


def report(error: CustomActionException) -> int:
    """Write an error to stderr: a line of ours, then what the server said, marked as its words.

    Returns:
        The exit code.
    """
    complain(error)
    for line in server_words(error):
        print(f"the server says: {line}", file=sys.stderr)  # noqa: T201 - likewise
    return exit_code_of(error)


def server_words(error: BaseException) -> list[str]:
    """Give a line for each thing that the server's problem details say."""
    problem = error.problem if isinstance(error, BadStatus) else None
    if problem is None:
        return []
    said = [text for text in (problem.title, problem.detail) if text]
    reasons = [
        ": ".join(filter(None, (reason.pointer, reason.detail)))
        for reason in (problem.errors or ())[:MOST_REASONS]
    ]
    return [printable(line) for line in (*said, *reasons) if line]


def described(error: InvocationError) -> dict[str, Any]:
    """Describe a failed call for programs."""
    problem = error.problem if isinstance(error, BadStatus) else None
    return {
        "kind": error.kind,
        "message": str(error),
        "hint": error.hint,
        "sent": str(error.sent),
        "status": error.status,
        "retry_after": error.retry_after,
        "problem": _problem(problem) if problem else None,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return msgspec.to_builtins(problem)  # type: ignore[no-any-return] # of a Struct it is a dict
