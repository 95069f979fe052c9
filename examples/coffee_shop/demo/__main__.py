"""Starts two sample servers, talks with the app, shows every step, and stops the servers."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions import ActionResult, Conversation, CustomActionException, close_endpoints
from mm_actions.client.call import observing

from .script import CONTEXT, SCRIPT
from .servers import ServerTrouble, sample_servers
from .signals import Signalled, heed_signals, signals_are_over
from .transcript import heading, note, show_turn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

APP = Path(__file__).parents[1]


class UnexpectedOutcome(Exception):
    """A call failed that should succeed, or the other way round."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the conversation.

    Returns:
        The exit code: 0 when every turn went as the script says; 1 when one did not, or a server failed;
        128 and the signal's number after a signal.
    """
    options = _parser().parse_args(arguments)
    # A failed call is logged in one line; here it is shown with its turn.
    logging.getLogger("mm_actions.call").setLevel(logging.ERROR)
    store, payments = options.ports
    try:
        heed_signals()
        note("Starting two sample servers ...")
        with sample_servers({"store": store, "payments": payments}, patience=options.patience) as servers:
            for server in servers.values():
                note(f"{server.name}: {server.base}/ui/ (pid {server.process.pid})")
            urls = {name: server.url for name, server in servers.items()}
            _point_the_app_at(urls)
            try:
                _converse(urls)
            finally:
                close_endpoints()
    except (ServerTrouble, UnexpectedOutcome, CustomActionException) as trouble:
        print(f"demo: {trouble}", file=sys.stderr)
        return 1
    except Signalled as signalled:
        print(f"\ndemo: {signalled}, the servers are stopped", file=sys.stderr)
        return 128 + signalled.number
    return 0


def _point_the_app_at(urls: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("MM_ACTIONS_")]:
        del os.environ[name]  # they would go before actions.yaml, and lead to other servers
    os.environ["COFFEE_STORE_URL"] = urls["store"]
    os.environ["COFFEE_PAYMENTS_URL"] = urls["payments"]


def _converse(urls: Mapping[str, str]) -> None:
    # From its folder, as `mm-actions chat` loads it: now that the variables are set, they count.
    conversation = Conversation(app_path=str(APP), context=CONTEXT)
    offered = ""
    for number, line in enumerate(SCRIPT, start=1):
        heading(f"{number}. {line.shows}")
        calls = _turn(conversation, line.text or offered, urls)
        failed = tuple(call.action for call in calls if not call)
        if failed != line.fails:
            wrong = next((f": {call.error}" for call in calls if call.error), "")
            raise UnexpectedOutcome(
                f"in turn {number} {_names(failed)} failed instead of {_names(line.fails)}{wrong}"
            )
        offered = _first_suggestion(conversation)
    if sys.stdin.isatty():
        heading("Your turn. Ctrl-D ends it.")
        while (text := _typed()) is not None:
            if text.strip():
                _turn(conversation, text, urls)


def _turn(conversation: Conversation, text: str, urls: Mapping[str, str]) -> list[ActionResult]:
    calls: list[ActionResult] = []
    with observing(calls.append):
        responder = conversation.process(text)
    show_turn(text, responder, calls, urls)
    return calls


def _first_suggestion(conversation: Conversation) -> str:
    for directive in conversation.history[0]["directives"]:
        if directive["name"] == "suggestions":
            return str(directive["payload"][0]["text"])
    return ""


def _typed() -> str | None:
    try:
        return input("\nyou> ")
    except EOFError:
        print()
        return None


def _names(actions: Sequence[str]) -> str:
    return " and ".join(actions) or "nothing"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.coffee_shop.demo", description=__doc__)
    parser.add_argument(
        "--ports",
        type=int,
        nargs=2,
        default=(0, 0),
        metavar=("STORE", "PAYMENTS"),
        help="ports of the two servers; 0, the default, takes a free one",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long to wait until the servers listen (%(default)s)",
    )
    return parser


if __name__ == "__main__":
    exit_code = main()
    signals_are_over()
    sys.exit(exit_code)
