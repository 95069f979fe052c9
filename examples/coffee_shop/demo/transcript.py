"""A turn on the screen: what was said and understood, what was called, what came back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mm_actions import ActionResult, Responder

# Colours on a terminal only; long lines are not broken, so that the output can be searched.
console = Console(highlight=False, soft_wrap=True)


def show_turn(
    text: str, responder: Responder, calls: Sequence[ActionResult], urls: Mapping[str, str]
) -> None:
    """Show a turn.

    Args:
        text: What the user said.
        responder: What came of it.
        calls: The calls that were made, in the order in which they ended.
        urls: Where each server's actions are posted, by the server's name.
    """
    _row("you", text, "bold")
    _row("", _understood(responder), "cyan")
    for call in calls:
        _row("", _called(call, urls), "green" if call else "red")
    for directive in responder.directives:
        _row(*_directive(directive))


def heading(text: str) -> None:
    """Show a heading, after an empty line."""
    console.print()
    console.print(Text(text, style="bold magenta"))


def note(text: str) -> None:
    """Show a remark."""
    console.print(Text(text, style="dim"))


def _row(who: str, text: str, style: str) -> None:
    console.print(Text(f"  {who:<5}") + Text(text, style=style))


def _understood(responder: Responder) -> str:
    request = responder.request
    confidences = request.confidences
    domain = confidences.get("domains", {}).get(request.domain, 0.0)
    intent = confidences.get("intents", {}).get(request.intent, 0.0)
    name = f"{request.domain}.{request.intent}" if request.intent else "nothing understood"
    sure = f" (domain {domain:.2f}, intent {intent:.2f})" if request.intent else ""
    found = "".join(f", {entity['type']}={entity['text']!r}" for entity in request.entities)
    then = responder.params.target_dialogue_state
    return f"{name}{sure}{found} -> state {responder.dialogue_state}" + (f", next {then}" if then else "")


def _called(call: ActionResult, urls: Mapping[str, str]) -> str:
    outcome = call.kind
    if call.error is not None and call.error.status is not None:
        outcome = f"HTTP {call.error.status}, {outcome}"
    tries = f", {call.attempts} attempts" if call.attempts > 1 else ""
    return (
        f"{call.action} -> {call.server} {urls[call.server]}: {outcome}, {call.elapsed * 1000:.1f} ms{tries}"
    )


def _directive(directive: Mapping[str, Any]) -> tuple[str, str, str]:
    name: str = directive["name"]
    payload: Any = directive.get("payload")
    if name == "reply":
        return "bot", payload["text"], "yellow"
    if name == "suggestions":
        return "", "  ".join(f"[{each['text']}]" for each in payload), "dim"
    return "", name if payload is None else f"{name} {json.dumps(payload)}", "dim"
