"""How a turn looks to a person: directives, what changed, and how a call ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from mm_actions.cli.failure import server_words
from mm_actions.cli.printable import compact, lines, plain, printable
from mm_actions.core.responder import DirectiveNames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mm_actions.client.result import ActionResult

_LABEL = 11
_SAID = (DirectiveNames.REPLY, DirectiveNames.SPEAK)


def console() -> Console:
    """Make the console for stdout: text as it is, and colours on a terminal without NO_COLOR alone."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def directive_lines(directive: Mapping[str, Any]) -> list[Text]:
    """Show a directive: its name, then what a person would see or hear."""
    name, payload = printable(directive.get("name", "(no name)")), directive.get("payload")
    shown = list(_content(name, payload))
    label = Text(f"  {name:<{_LABEL}} ", style="cyan")
    head = Text.assemble(label, shown[0] if shown else "")
    return [head, *(Text(" " * (_LABEL + 3) + line) for line in shown[1:])]


def _content(name: str, payload: Any) -> Iterator[str]:
    if name in _SAID and isinstance(payload, Mapping) and isinstance(payload.get("text"), str):
        yield from lines(payload["text"])
    elif name == DirectiveNames.SUGGESTIONS and isinstance(payload, (list, tuple)):
        yield " | ".join(_suggestion(offer) for offer in payload)
    elif name == DirectiveNames.LIST and isinstance(payload, (list, tuple)):
        yield from map(compact, payload)
    elif payload is not None:
        yield compact(payload)


def _suggestion(offer: Any) -> str:
    text = offer.get("text") if isinstance(offer, Mapping) else offer
    return printable(text) if isinstance(text, str) else compact(offer)


def change_lines(title: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Text]:
    """Show which members of a mapping are new, other or gone; nothing when it is the same."""
    before, after = plain(before), plain(after)
    shown = []
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            shown.append(Text(f"    - {printable(name)}", style="red"))
        elif name not in before:
            shown.append(Text(f"    + {printable(name)}: {compact(after[name])}", style="green"))
        elif before[name] != after[name]:
            change = f"{compact(before[name])} → {compact(after[name])}"
            shown.append(Text(f"    ~ {printable(name)}: {change}", style="yellow"))
    return [Text(f"  {title}", style="cyan"), *shown] if shown else []


def result_line(result: ActionResult, url: str | None = None) -> Text:
    """Show how a call ended: its outcome, where, how often tried, how long it took."""
    where = f" ({printable(url)})" if url else ""
    attempts = f", {result.attempts} attempts" if result.attempts > 1 else ""
    return Text.assemble(
        (result.kind, "bold green" if result else "bold red"),
        f"  {printable(result.action)} on {printable(result.server)}{where}, ",
        f"{milliseconds(result.elapsed)}{attempts}",
    )


def failure_lines(result: ActionResult) -> list[Text]:
    """Show why a call failed, and what the server said of it, marked as its words."""
    if result.error is None:
        return []
    shown = [printable(result.error.cause)]
    shown += [f"the server says: {line}" for line in server_words(result.error)]
    return [Text(f"    {line}", style="red") for line in shown]


def milliseconds(seconds: float) -> str:
    """Write a duration."""
    return f"{seconds * 1000:.0f} ms"


def show(out: Console, rows: Sequence[Text]) -> None:
    """Print lines."""
    for row in rows:
        out.print(row)
