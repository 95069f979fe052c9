"""The traceback of an application's own bug, without the frames of what called it."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import mm_actions

_OURS = str(Path(mm_actions.__file__).parent)


def print_own_traceback(error: BaseException) -> None:
    """Write to stderr where the application's code failed, without our frames and the import system's."""
    shown = traceback.TracebackException.from_exception(error)
    own = [frame for frame in shown.stack if not frame.filename.startswith((_OURS, "<frozen importlib"))]
    shown.stack = traceback.StackSummary.from_list(own)
    for part in shown.format():
        print(part, end="", file=sys.stderr)  # noqa: T201 - where tracebacks go
