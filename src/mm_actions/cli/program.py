"""The commands put together, and the promise that every error is one line and an exit code."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mm_actions.cli.call import call
from mm_actions.cli.chat import chat
from mm_actions.cli.check import check
from mm_actions.cli.conform import conform
from mm_actions.cli.failure import BROKEN_PIPE, EX_USAGE, INTERRUPTED, complain, report
from mm_actions.cli.mock import mock
from mm_actions.cli.record import record
from mm_actions.cli.replay import replay
from mm_actions.cli.serve import serve
from mm_actions.cli.stubs import stubs
from mm_actions.client.endpoint import close_endpoints
from mm_actions.errors import CustomActionException

if TYPE_CHECKING:
    from collections.abc import Sequence

# typer keeps its own copy of click's classes in some versions; this one is public in all.
_UsageError: Any = typer.BadParameter.__base__
_PROGRAM = "mm-actions"
_SILENT = logging.NullHandler()  # what mm_actions logs, the commands show

program = typer.Typer(
    name=_PROGRAM,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes, after sysexits.h: 0 success, 64 wrong usage, 65 the server refused the request, "
        "69 not reachable or no such action, 70 the server failed, 75 try again later, "
        "76 not the protocol, 77 certificates or credentials, 78 configuration."
    ),
)
program.command("call")(call)
program.command("chat")(chat)
program.command("check")(check)
program.command("conform")(conform)
program.command("mock")(mock)
program.command("record")(record)
program.command("replay")(replay)
program.command("serve")(serve)
program.command("stubs")(stubs)


@program.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Call and serve actions, talk with an application, check a configuration or a server."""
    if show_version:
        typer.echo(f"{_PROGRAM} {version('mm_actions')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(EX_USAGE)


def run(arguments: Sequence[str]) -> int:
    """Run a command line.

    Returns:
        The exit code; no exception that is not a bug of this program leaves it.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what an encoding does not have is escaped, not an error
            stream.reconfigure(errors="backslashreplace")
    logging.getLogger("mm_actions").addHandler(_SILENT)
    try:
        code = typer.main.get_command(program).main(
            list(arguments), prog_name=_PROGRAM, standalone_mode=False
        )
        sys.stdout.flush()
    except CustomActionException as error:
        return report(error)
    except _UsageError as error:
        command = error.ctx.command_path if error.ctx else _PROGRAM
        complain(f"{error.format_message().rstrip('.')}. See {command} --help")
        return EX_USAGE
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit fails too
        return BROKEN_PIPE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    finally:
        close_endpoints()
    return int(code or 0)
