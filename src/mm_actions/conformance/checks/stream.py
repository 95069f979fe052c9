"""C56, C57: `POST /action/stream`."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mm_actions.conformance.check import Failed, Skipped, check
from mm_actions.conformance.payloads import invocation
from mm_actions.conformance.probe import ABSENT

if TYPE_CHECKING:
    from mm_actions.conformance.exchange import Exchange
    from mm_actions.conformance.probe import Probe

_NDJSON = "application/x-ndjson"
_LAST = ("result", "error")


def _streamed(probe: Probe) -> Exchange:
    """Stream once, for both checks."""

    def make() -> Exchange:
        path = probe.target.path.partition("?")[0].rstrip("/") + "/stream"
        return probe.post(invocation(probe.action), path=path, headers=(("Accept", _NDJSON),))

    exchange = probe.shared("stream", make)
    if exchange.status in ABSENT:
        raise Skipped(f"the server does not stream: {exchange.status}")
    return exchange


def _events(exchange: Exchange) -> list[dict[str, Any]]:
    events = []
    for number, line in enumerate(exchange.answer.body.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            event = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise Failed(f"line {number} is not JSON: {error}", exchange) from None
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise Failed(f"line {number} is not an event: it has no string `event`", exchange)
        events.append(event)
    return events


@check("C56", "a stream is lines of JSON that end with a result or an error")
def lines(probe: Probe) -> None:
    """Stream an invocation."""
    exchange = _streamed(probe).expect(200)
    kind = exchange.answer.media_type
    if kind != _NDJSON:
        raise Failed(f"the Content-Type is {kind!r}, where {_NDJSON} is due", exchange)
    events = _events(exchange)
    names = [event["event"] for event in events]
    if not names or names[-1] not in _LAST:
        raise Failed(
            f"the last event is {names[-1] if names else 'missing'}, no result and no error", exchange
        )
    early = [name for name in names[:-1] if name in _LAST]
    if early:
        raise Failed(f"there is a {early[0]} before the last event", exchange)
    member = {"result": "responder", "error": "problem"}
    for event in events:
        due = member.get(event["event"], "directive" if event["event"] == "directive" else None)
        if due and not isinstance(event.get(due), dict):
            raise Failed(f"the event {event['event']} has no {due}", exchange)


@check("C57", "the directives of a stream are those of its result", severity="SHOULD")
def whole_result(probe: Probe) -> None:
    """Compare them one by one."""
    exchange = _streamed(probe)
    if exchange.status != HTTPStatus.OK:
        raise Skipped("there is no stream to look at; see C56")
    try:
        events = _events(exchange)
    except Failed:
        raise Skipped("the stream cannot be read; see C56") from None
    results = [event.get("responder") for event in events if event["event"] == "result"]
    if not results or not isinstance(results[-1], dict):
        raise Skipped("the stream has no result; see C56")
    single = [event.get("directive") for event in events if event["event"] == "directive"]
    if single != (results[-1].get("directives") or []):
        raise Failed(
            f"{len(single)} directives were streamed, and the result does not have these same ones", exchange
        )
