"""Further ways to break what a check is about: each is told with a reason of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.conformance.breakers import (
    at,
    headed,
    headers,
    is_answer,
    is_refusal,
    posted,
    rewriting,
    when,
)
from tests.conformance.reference import Reply, answer, problem, stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.reference import Breaker, Received, Respond

_LISTEN = {"name": "listen", "type": "action"}
_RESULT = {"event": "result", "responder": {"directives": [_LISTEN]}}


def body(data: bytes) -> Callable[[], Breaker]:
    return rewriting(is_answer, lambda reply: replace(reply, body=data))


def refusal(**changed: Any) -> Callable[[], Breaker]:
    def change(reply: Reply) -> Reply:
        members = {**reply.json, **changed}
        kept = {name: value for name, value in members.items() if value is not None}
        return replace(reply, body=json.dumps(kept).encode())

    return rewriting(is_refusal, change)


def streamed(*events: Any) -> Callable[[], Breaker]:
    return when(at("POST", "/action/stream"), lambda _: stream(list(events)))


def listed(value: Any, **named: str) -> Callable[[], Breaker]:
    return when(at("GET", "/actions"), lambda _: answer(value, **named))


def healthy(value: Any, **named: str) -> Callable[[], Breaker]:
    return when(at("GET", "/healthz"), lambda _: answer(value, **named))


def tired() -> Breaker:
    """The connection is closed after a while, without a word of warning before."""
    count = 0

    def broken(received: Received, respond: Respond) -> Reply:
        nonlocal count
        count += 1
        reply = respond(received)
        return replace(reply, headers={**reply.headers, "Connection": "close"}) if count == 7 else reply

    return broken


def sick_after(condition: Callable[[Received], Any], status: int) -> Callable[[], Breaker]:
    """A request that is refused well, and a server that is not well from then on."""

    def make() -> Breaker:
        met: list[bool] = []

        def broken(received: Received, respond: Respond) -> Reply:
            if condition(received):
                met.append(True)
                return problem(status)
            return problem(500) if met and received.is_action else respond(received)

        return broken

    return make


FURTHER: dict[str, tuple[str, Callable[[], Breaker], str]] = {
    "another charset": (
        "C02",
        rewriting(is_answer, headers(Content_Type="application/json; charset=latin-1")),
        "'latin-1'",
    ),
    "not a number": ("C03", body(b'{"frame": {"a": NaN}}'), "NaN"),
    "an array": ("C03", body(b"[]"), "a JSON list"),
    "no JSON": ("C03", body(b"hello"), "not JSON in UTF-8"),
    "a directive that is a string": ("C04", body(b'{"directives": ["hello"]}'), "shape of a Responder"),
    "a name that is a number": ("C04", body(b'{"directives": [{"name": 5}]}'), "shape of a Responder"),
    "everything null": (
        "C14",
        body(b'{"directives": null, "frame": null, "slots": null, "params": null}'),
        "directives and frame and params and slots null",
    ),
    "a null resource": (
        "C15",
        body(b'{"params": {"dynamic_resource": null}}'),
        "params.dynamic_resource null",
    ),
    "intents that are numbers": ("C17", body(b'{"params": {"allowed_intents": [5]}}'), "array of strings"),
    "a directive without a name": (
        "C21",
        body(b'{"directives": [{"type": "view"}]}'),
        "directives/0 has no name",
    ),
    "not well after bad bytes": (
        "C32",
        sick_after(posted(lambda received: b"\xff" in received.body), 400),
        "of no use after bytes that are not UTF-8",
    ),
    "not well after a large body": (
        "C34",
        sick_after(posted(lambda received: len(received.body) > 1024 * 1024), 413),
        "not answered as before: answered 500",
    ),
    "a 405 without Allow": ("C36", when(at("DELETE", "/action"), lambda _: problem(405)), "Allow: POST"),
    "a problem of another status": ("C37", refusal(status=500), "does not have the status 400"),
    "a problem without a title": ("C37", refusal(title=None), "no title"),
    "a file's path": ("C38", refusal(detail="no such table in /opt/shop/data.db"), "/opt/shop"),
    "a Java trace": ("C38", refusal(detail="at com.shop.Act.run(Act.java:7)"), "Act.java:7"),
    "sent elsewhere": (
        "C39",
        when(at("POST", "/action"), lambda _: answer(None, 307, Location="https://elsewhere/")),
        "answered 307 to POST /action",
    ),
    "a fault for an empty key": (
        "C43",
        when(headed("idempotency-key", ""), lambda _: problem(500)),
        "Idempotency-Key",
    ),
    "a connection that ends early": ("C46", tired, "closes the connection after 6 requests"),
    "gzip for all": (
        "C47",
        rewriting(is_answer, headers(Content_Encoding="gzip")),
        "in gzip, which nobody asked for",
    ),
    "no expectations": ("C47", when(headed("expect"), lambda _: problem(417)), "417 to Expect: 100-continue"),
    "every repeat refused": (
        "C50",
        when(
            lambda received: (
                "(C50)" in received.headers.get("user-agent", "")
                and "idempotency-key" in received.headers
                and received.text.endswith("C50")
            ),
            lambda _: problem(409),
        ),
        "each of several requests",
    ),
    "a catalogue of another shape": ("C51", listed({"actions": "note"}), "shape of an ActionCatalogue"),
    "a catalogue of HTML": ("C51", listed({"actions": []}, Content_Type="text/html"), "'text/html'"),
    "health of another shape": ("C53", healthy({"healthy": True}), "shape of Health"),
    "a stream of another type": (
        "C56",
        when(at("POST", "/action/stream"), lambda _: answer({"event": "result", "responder": {}})),
        "'application/json'",
    ),
    "a stream of no JSON": (
        "C56",
        when(
            at("POST", "/action/stream"),
            lambda _: Reply(200, b"data: {}\n\n", {"Content-Type": "application/x-ndjson"}),
        ),
        "line 1 is not JSON",
    ),
    "a stream without events": ("C56", streamed({"directive": _LISTEN}, _RESULT), "line 1 is not an event"),
    "a stream of nothing": ("C56", streamed(), "the last event is missing"),
    "two results": ("C56", streamed(_RESULT, _RESULT), "a result before the last event"),
    "a result without a responder": ("C56", streamed({"event": "result"}), "has no responder"),
    "a directive that was not streamed": ("C57", streamed(_RESULT), "0 directives were streamed"),
    "busy without a word": ("C58", when(at("GET", "/readyz"), lambda _: problem(503)), "has no Retry-After"),
}

#: Checks that have nothing to look at when another one fails, and say which.
SKIPPING: dict[str, tuple[str, Callable[[], Breaker], str]] = {
    "answers that are no objects": ("C14", body(b"[]"), "see C03"),
    "no answers": ("C02", when(posted(lambda _: True), lambda _: problem(500)), "see C01"),
    "nothing refused": (
        "C37",
        when(lambda received: received.path == "/action", lambda _: answer({})),
        "see C23",
    ),
    "no catalogue": (
        "C51",
        when(at("GET", "/actions"), lambda _: problem(404)),
        "does not have GET /actions: 404",
    ),
    "no idempotent actions": ("C52", listed({"actions": [{"name": "note"}]}), "lists no idempotent action"),
    "no health": (
        "C55",
        when(lambda received: received.path in {"/healthz", "/readyz"}, lambda _: problem(404)),
        "neither GET /healthz nor GET /readyz",
    ),
    "no streams": ("C56", when(at("POST", "/action/stream"), lambda _: problem(404)), "does not stream: 404"),
    "a stream that fails": ("C57", when(at("POST", "/action/stream"), lambda _: problem(500)), "see C56"),
    "a stream that cannot be read": ("C57", streamed("odd"), "see C56"),
    "a stream without a result": ("C57", streamed({"event": "error", "problem": {}}), "see C56"),
    "keys that nobody minds": (
        "C48",
        lambda: (
            lambda received, respond: respond(
                replace(received, headers={**received.headers, "idempotency-key": ""})
            )
        ),
        "say --idempotent",
    ),
}
