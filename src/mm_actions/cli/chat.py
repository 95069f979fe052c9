"""`mm-actions chat`: a conversation with an application, turn by turn, showing what each turn did."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from mm_actions.application.conversation import Conversation
from mm_actions.application.loading import load_app
from mm_actions.cli.chat_turns import TurnRecorder
from mm_actions.cli.display import console
from mm_actions.cli.failure import EX_SOFTWARE, complain, report
from mm_actions.cli.printable import compact, document, printable
from mm_actions.cli.traces import print_own_traceback
from mm_actions.cli.turn import json_object
from mm_actions.errors import CustomActionException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mm_actions.application.app import Application

PROMPT = "you> "
COMMANDS = {
    "/reset": "forget the conversation so far",
    "/frame": "show what the app keeps",
    "/params": "show the settings for the next turn",
    "/help": "show these commands",
    "/quit": "leave; the end of the input does too",
}


def chat(
    app: Annotated[str, Argument(help="A folder, a file or a module that holds an Application called app.")],
    *,
    context: Annotated[
        str | None, Option(metavar="JSON|@FILE", help="What the front end says of itself, in each turn.")
    ] = None,
    as_json: Annotated[bool, Option("--json", help="One JSON document a turn.")] = False,
) -> int:
    """Talk with an application: see its intents, dialogue states, calls and directives.

    A line is a turn. Where the input is no terminal, the lines are a script: it ends with the input, and a
    bug in the app ends it with exit code 70. Lines that begin with a slash are commands; /help lists them.

    For example:

      mm-actions chat examples/coffee_shop

      echo "when does the Elm Street store open" | mm-actions chat my_app --json
    """
    interactive = sys.stdin.isatty()
    if "" not in sys.path:
        sys.path.insert(0, "")  # as `python -m` does: an installed script's own folder stands there instead
    told = {} if context is None else json_object("--context", context)
    loaded = _loaded(app)
    if loaded is None:
        return EX_SOFTWARE
    conversation = Conversation(loaded, context=told, force_sync=True)
    session = _Session(conversation, as_json=as_json, interactive=interactive)
    try:
        return session.run()
    finally:
        conversation.close()


def _loaded(place: str) -> Application | None:
    """Load the application; None after its own code failed, whose traceback is then on stderr."""
    try:
        return load_app(place)
    except CustomActionException:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the app's own code raises
        print_own_traceback(error)
        complain(f"{place} cannot be loaded: {type(error).__name__}: {error}")
        return None


class _Session:
    def __init__(self, conversation: Conversation, *, as_json: bool, interactive: bool) -> None:
        self._conversation = conversation
        self._as_json = as_json
        self._interactive = interactive
        self._recorder = TurnRecorder(conversation, quiet=as_json)
        self._out = console()

    def run(self) -> int:
        if self._interactive and not self._as_json:
            self._out.print("Say something; /help lists the commands, /quit leaves.")
        with self._recorder.listening():
            for line in self._lines():
                if line == "/quit":
                    break
                code = self._command(line) if line.startswith("/") else self._turn(line)
                if code and not self._interactive:
                    return code
        return 0

    def _lines(self) -> Iterator[str]:
        """Give what is said, line by line; in a script it is shown as if it were typed."""
        if not self._interactive:
            for line in sys.stdin:
                if text := line.strip():
                    if not self._as_json:
                        self._out.print(f"{PROMPT}{printable(text)}")
                    yield text
            return
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401, PLC0415 - gives input() a history, where there is one
        while True:
            try:
                text = input("" if self._as_json else PROMPT).strip()
            except EOFError:
                self._out.print()
                return
            if text:
                yield text

    def _turn(self, text: str) -> int:
        """Take a turn and show it; the exit code of what went wrong."""
        try:
            turn = self._recorder.take(text)
        except CustomActionException as error:
            return report(error)
        except Exception as error:  # noqa: BLE001 - whatever the app's own code raises
            print_own_traceback(error)
            complain(f"the app failed on {text!r}: {type(error).__name__}: {error}")
            return EX_SOFTWARE
        if self._as_json:
            self._write(turn.document())
        else:
            for row in turn.lines():
                self._out.print(row)
        return 0

    def _command(self, command: str) -> int:
        shown: object = None
        if command == "/reset":
            self._conversation.reset()
        elif command == "/frame":
            shown = self._conversation.frame
        elif command == "/params":
            shown = dict(self._conversation.params)
        elif command == "/help":
            shown = COMMANDS
        else:
            complain(f"there is no command {command!r}: {', '.join(COMMANDS)}")
            return 0
        if self._as_json:
            self._write({"command": command, "shown": shown})
        elif command == "/help":
            for name, meaning in COMMANDS.items():
                self._out.print(f"  {name:<8} {meaning}")
        else:
            self._out.print(f"  {'(reset)' if shown is None else compact(shown)}")
        return 0

    def _write(self, value: object) -> None:
        print(document(value), flush=True)  # noqa: T201 - goes to a program
