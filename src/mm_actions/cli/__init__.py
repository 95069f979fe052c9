"""`mm-actions`: call and serve actions, talk with an application, check settings. Needs the extra `cli`."""

from __future__ import annotations

import sys

LIBRARIES = ("typer", "rich", "click")
EX_CONFIG = 78


def main() -> int:
    """Run the command line.

    Returns:
        The exit code: 0, that of the error's row in :data:`mm_actions.contract.status.TABLE`, or another of
        sysexits.h.
    """
    try:
        from mm_actions.cli.program import run  # noqa: PLC0415 - needs the extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LIBRARIES:
            raise
        print('mm-actions needs typer and rich: pip install "mm_actions[cli]"', file=sys.stderr)  # noqa: T201 - for people
        return EX_CONFIG
    return run(sys.argv[1:])
