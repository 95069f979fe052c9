"""C33 to C35, C40 to C42: bodies that are large, deep or odd."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mm_actions.conformance.check import Failed, check
from mm_actions.conformance.payloads import MARKER
from mm_actions.conformance.probe import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mm_actions.conformance.probe import Probe

_MEBIBYTE = 1024 * 1024
_DEPTH = 10_000
_TURN = {"request": {"text": "x" * 1000}, "frame": {}, "directives": []}
_TEXT = f"{MARKER}-begin café ☕ 🥐 \x00 مرحبا \u202eabc\u202c {MARKER}-end"


@check("C33", "a history of 1 MiB is a 200 or a 413", level="core")
def long_history(probe: Probe) -> None:
    """Send a thousand turns."""
    turns = _MEBIBYTE // len(encoded(_TURN)) + 1
    probe.post(probe.body(request={"history": [_TURN] * turns})).expect(200, 413)


@check("C34", "a body over the limit is refused, and the next request is answered", severity="SHOULD")
def over_the_limit(probe: Probe) -> None:
    """Send somewhat more than the server takes: a 413, or a connection that is closed."""
    most = probe.options.max_body
    body = encoded(probe.body(text="x" * most))
    exchange = probe.post(body)
    if exchange.late:
        raise Failed(f"no answer in time to {len(body)} bytes, where 413 is due", exchange)
    if exchange.response is not None and exchange.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise Failed(
            f"answered {exchange.status} to {len(body)} bytes, where 413 is due; is --max-body right?",
            exchange,
        )
    probe.still_well()


@check("C35", "JSON nested 10,000 levels deep does no harm", level="core")
def deep_nesting(probe: Probe) -> None:
    """Send a deep frame: a 400, a 413 or a 200."""
    hole = "the deep value"
    body = encoded(probe.body(request={"frame": {"deep": hole}}))
    deep = body.replace(b'"%b"' % hole.encode(), b"[" * _DEPTH + b"1" + b"]" * _DEPTH)
    probe.post(deep).expect(200, 400, 413)
    probe.still_well()


def _strings(value: Any) -> Iterator[str]:
    """Give every string in a JSON value, names of members included."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item


@check("C40", "text of every script survives, as UTF-8 and as escapes", level="core")
def unicode_text(probe: Probe) -> str | None:
    """Send accents, an emoji, U+0000 and text from right to left; if the text comes back, it is intact."""
    value = probe.body(text=_TEXT)
    echoed = False
    for body in (encoded(value), json.dumps(value).encode()):
        exchange = probe.post(body).expect(200)
        for text in _strings(exchange.json()):
            if f"{MARKER}-begin" in text:
                echoed = True
                if _TEXT not in text:
                    raise Failed("the text comes back changed", exchange)
    return None if echoed else "the action does not echo the text; only the status was looked at"


@check("C41", "numbers beyond 64 bits do no harm", severity="SHOULD")
def large_numbers(probe: Probe) -> None:
    """Send 2^53+1, fractions and 1e400: a 200 or a 400."""
    for number in (b"9007199254740993", b"0.1", b"-1.5e-7", b"1e400"):
        body = encoded(probe.body(request={"frame": {"number": "here"}}))
        exchange = probe.post(body.replace(b'"here"', number))
        if exchange.status not in {200, 400}:
            raise Failed(f"answered {exchange.status} to the number {number.decode()} in the frame", exchange)


@check("C42", "the order of members means nothing")
def shuffled(probe: Probe) -> None:
    """Send every object backwards."""
    probe.post(_backwards(probe.body())).expect(200)


@check("C42b", "a member that is there twice is a 200 or a 400", severity="MAY")
def duplicates(probe: Probe) -> None:
    """Send the action's name twice; JSON libraries differ."""
    body = encoded(probe.body())
    twice = b'{"action":%b,%b' % (json.dumps(probe.action).encode(), body.removeprefix(b"{"))
    probe.post(twice).expect(200, 400)


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _backwards(item) for key, item in reversed(value.items())}
    return value
