"""For each check, a way to break a correct server so that this check alone notices."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from tests.conformance.reference import CATALOGUE, MAX_BODY, SECRET, TOKEN, answer, problem, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conformance.reference import Breaker, Received, Reply, Respond

_PATIENCE = 5
Deployment = Literal["open", "bearer", "signed", "mutual-tls"]


@dataclass(frozen=True)
class Broken:
    """A breaking behaviour.

    Attributes:
        make: Gives the behaviour; a new one for each run, since some remember what they saw.
        says: What the reason of the failure has in it.
        deployment: Which form of the reference server is broken.
        tolerated: Checks that fail as well because they must, with the reason.
    """

    make: Callable[[], Breaker]
    says: str
    deployment: Deployment = "open"
    tolerated: Mapping[str, str] = field(default_factory=dict)


def when(condition: Callable[[Received], Any], reply: Callable[[Received], Reply]) -> Callable[[], Breaker]:
    """Answer some requests in another way."""

    def broken(received: Received, respond: Respond) -> Reply:
        return reply(received) if condition(received) else respond(received)

    return lambda: broken


def refusing(condition: Callable[[Received], Any], status: int = 500) -> Callable[[], Breaker]:
    """Fail where the correct server has an answer."""

    def broken(received: Received, respond: Respond) -> Reply:
        reply = respond(received)
        return problem(status) if reply.status == 200 and condition(received) else reply

    return lambda: broken


def answering(change: Callable[[dict[str, Any], Received], Any]) -> Callable[[], Breaker]:
    """Change the answers of actions."""

    def broken(received: Received, respond: Respond) -> Reply:
        reply = respond(received)
        if not received.is_action or reply.status != 200:
            return reply
        value = reply.json
        change(value, received)
        return replace(reply, body=json.dumps(value).encode())

    return lambda: broken


def rewriting(
    condition: Callable[[Received, Reply], Any], change: Callable[[Reply], Reply]
) -> Callable[[], Breaker]:
    """Change answers as they go over the wire."""

    def broken(received: Received, respond: Respond) -> Reply:
        reply = respond(received)
        return change(reply) if condition(received, reply) else reply

    return lambda: broken


def at(method: str, path: str) -> Callable[[Received], bool]:
    return lambda received: (received.method, received.path) == (method, path)


def posted(condition: Callable[[Received], Any]) -> Callable[[Received], Any]:
    return lambda received: received.is_action and condition(received)


def typed(value: str) -> Callable[[Received], Any]:
    return posted(lambda received: received.headers.get("content-type") == value)


def headed(name: str, value: str | None = None) -> Callable[[Received], Any]:
    return posted(
        lambda received: (
            received.headers.get(name) is not None and (value is None or received.headers[name] == value)
        )
    )


def entities(received: Received) -> list[dict[str, Any]]:
    return list(received.request.get("entities", []))


def responder(received: Received) -> dict[str, Any]:
    value = received.json
    found = value.get("responder") if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def params(received: Received) -> dict[str, Any]:
    return received.request.get("params") or {}


def is_refusal(received: Received, reply: Reply) -> bool:
    return received.path == "/action" and reply.status >= 400


def is_answer(received: Received, reply: Reply) -> bool:
    return received.is_action and reply.status == 200


def headers(**changed: str) -> Callable[[Reply], Reply]:
    named = {name.replace("_", "-"): value for name, value in changed.items()}
    return lambda reply: replace(reply, headers={**reply.headers, **named})


def odd_number(received: Received) -> bool:
    number = received.request.get("frame", {}).get("number", 0)
    return isinstance(number, (int, float)) and (math.isinf(number) or number > 2**53)


def latin_text(value: dict[str, Any], _received: Received) -> None:
    payload = value["directives"][0]["payload"]
    payload["text"] = payload["text"].encode("latin-1", "replace").decode("latin-1")


def with_insides(reply: Reply) -> Reply:
    trace = 'Traceback (most recent call last):\n  File "/app/server.py", line 12, in act\nKeyError'
    return replace(reply, body=json.dumps({**reply.json, "detail": trace}).encode())


def cross_talk() -> Breaker:
    """Of requests at the same time, each gets the text of the one before."""
    texts: list[str] = []

    def change(value: dict[str, Any], received: Received) -> None:
        if received.text.startswith("mm-at-once"):
            texts.append(received.text)
            value["directives"][0]["payload"]["text"] = texts[max(len(texts) - 2, 0)]

    return answering(change)()


def runs_repeats_again() -> Breaker:
    """Keys are compared with bodies, and otherwise forgotten."""
    bodies: dict[str, bytes] = {}

    def broken(received: Received, respond: Respond) -> Reply:
        key = received.headers.get("idempotency-key")
        if key and bodies.setdefault(key, received.body) != received.body:
            return problem(422)
        if key:
            received = replace(
                received, headers={k: v for k, v in received.headers.items() if k != "idempotency-key"}
            )
        return respond(received)

    return broken


def replays_to_any_body() -> Breaker:
    """A key gets the answer that is kept under it, whatever the body."""
    bodies: dict[str, bytes] = {}

    def broken(received: Received, respond: Respond) -> Reply:
        key = received.headers.get("idempotency-key")
        if key:
            received = replace(received, body=bodies.setdefault(key, received.body))
        return respond(received)

    return broken


def runs_twice_at_once() -> Breaker:
    """A repeat that comes while the first request runs is carried out as well."""
    both_here = threading.Barrier(2, timeout=_PATIENCE)

    def broken(received: Received, respond: Respond) -> Reply:
        if received.headers.get("idempotency-key") and "(C50)" in received.headers.get("user-agent", ""):
            both_here.wait()
            received = replace(
                received, headers={k: v for k, v in received.headers.items() if k != "idempotency-key"}
            )
        return respond(received)

    return broken


def takes_any_token(received: Received, respond: Respond) -> Reply:
    """Whoever shows a token is let in."""
    if received.headers.get("authorization", "").startswith("Bearer "):
        received = replace(received, headers={**received.headers, "authorization": f"Bearer {TOKEN}"})
    return respond(received)


def takes_old_signatures(received: Received, respond: Respond) -> Reply:
    """The time of a signature is not looked at: the server's clock might as well stand still."""
    import hashlib
    import hmac
    import time

    moment, _, given = received.headers.get("x-mm-signature", "").removeprefix("t=").partition(",v1=")
    signed = moment.encode() + b"." + received.body
    if hmac.compare_digest(given, hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()):
        now = str(int(time.time()))
        due = hmac.new(SECRET.encode(), now.encode() + b"." + received.body, hashlib.sha256).hexdigest()
        received = replace(received, headers={**received.headers, "x-mm-signature": f"t={now},v1={due}"})
    return respond(received)


class WeakAfterDrops:
    """After a client went away, the next request fails; `dropped` is set by the server under it."""

    def __init__(self) -> None:
        self.dropped = threading.Event()

    def __call__(self, received: Received, respond: Respond) -> Reply:
        if "(C61)" in received.headers.get("user-agent", "") and self.dropped.wait(_PATIENCE):
            return problem(500)
        return respond(received)


def _large(received: Received) -> bool:
    return 1024 * 1024 < len(received.body) <= MAX_BODY


BREAKERS: dict[str, Broken] = {
    "C01": Broken(refusing(posted(lambda r: r.text == "hi")), "answered 500"),
    "C02": Broken(rewriting(is_answer, headers(Content_Type="text/html")), "text/html"),
    "C03": Broken(
        rewriting(is_answer, lambda reply: replace(reply, body=b"\xef\xbb\xbf" + reply.body)),
        "byte order mark",
    ),
    "C04": Broken(answering(lambda value, _: value.update(slots=[])), "shape of a Responder"),
    "C05": Broken(
        refusing(posted(lambda r: "form" in r.request and "x_unknown" not in r.json)), "answered 500"
    ),
    "C06": Broken(refusing(posted(lambda r: isinstance(params(r).get("timestamp"), str))), "answered 500"),
    "C07": Broken(
        refusing(posted(lambda r: isinstance(params(r).get("timestamp"), int)), 400), "answered 400"
    ),
    "C08": Broken(
        refusing(posted(lambda r: "params" in r.request and params(r)["allowed_intents"] is None)),
        "answered 500",
    ),
    "C09": Broken(refusing(posted(lambda r: any(e["value"] == "large" for e in entities(r)))), "'large'"),
    "C10": Broken(refusing(posted(lambda r: any("children" in e for e in entities(r)))), "answered 500"),
    "C11": Broken(
        refusing(posted(lambda r: any("payload" not in d for d in responder(r).get("directives", ())))),
        "answered 500",
    ),
    "C12": Broken(refusing(posted(lambda r: "x_unknown" in r.json), 422), "answered 422"),
    "C13": Broken(refusing(posted(lambda r: "text" not in r.request)), "answered 500"),
    "C14": Broken(answering(lambda value, _: value.update(frame=None)), "frame null"),
    "C15": Broken(
        answering(lambda value, _: value["params"].update(allowed_intents=None)),
        "params.allowed_intents null",
    ),
    "C16": Broken(answering(lambda value, _: value["params"].update(mood="good")), "'mood'"),
    "C17": Broken(
        answering(lambda value, _: value["params"].update(allowed_intents="a.b")), "not an array of strings"
    ),
    "C18": Broken(
        answering(lambda value, r: value["directives"].extend(responder(r).get("directives", ()))),
        "echoes the directives",
    ),
    "C19": Broken(
        answering(
            lambda value, r: value["params"].update(
                allowed_intents=(responder(r).get("params") or {}).get("allowed_intents") or []
            )
        ),
        "echoes params.allowed_intents",
    ),
    "C20": Broken(answering(lambda value, _: value.pop("slots")), "slots missing"),
    "C21": Broken(answering(lambda value, _: value["directives"][1].pop("type")), "has no type"),
    "C22": Broken(
        answering(lambda value, _: value["params"].pop("target_dialogue_state", None)),
        "without target_dialogue_state",
    ),
    "C23": Broken(when(posted(lambda r: r.body == b"{"), lambda _: problem(500)), "answered 500"),
    "C24": Broken(when(posted(lambda r: r.body == b'"x"'), lambda _: answer({})), 'answered 200 to "x"'),
    "C25": Broken(when(posted(lambda r: not r.body), lambda _: answer({})), "answered 200 to no body"),
    "C26": Broken(when(posted(lambda r: r.body == b"{}"), lambda _: answer({})), "answered 200"),
    "C27": Broken(when(posted(lambda r: r.body == b'{"action":5}'), lambda _: problem(500)), "answered 500"),
    "C28": Broken(
        when(posted(lambda r: b"no-such-action" in r.body), lambda _: answer({})),
        "answered 200 to an unknown",
    ),
    "C29": Broken(when(typed("text/plain"), lambda _: problem(500)), "answered 500"),
    "C30": Broken(
        when(posted(lambda r: "content-type" not in r.headers), lambda _: problem(500)), "answered 500"
    ),
    "C31": Broken(refusing(typed("application/json; charset=utf-8"), 415), "answered 415"),
    "C32": Broken(when(posted(lambda r: b"\xff" in r.body), lambda _: problem(500)), "answered 500"),
    "C33": Broken(refusing(posted(_large)), "answered 500"),
    "C34": Broken(when(posted(lambda r: len(r.body) > MAX_BODY), lambda _: answer({})), "answered 200 to 2"),
    "C35": Broken(when(posted(lambda r: b"[" * 10_000 in r.body), lambda _: problem(500)), "answered 500"),
    "C36": Broken(when(at("PUT", "/action"), lambda _: answer({})), "answered 200 to PUT"),
    "C37": Broken(rewriting(is_refusal, headers(Content_Type="text/html")), "text/html"),
    "C38": Broken(rewriting(is_refusal, with_insides), "Traceback"),
    "C39": Broken(
        when(at("POST", "/action/"), lambda _: answer(None, 301, Location="/action")), "answered 301"
    ),
    "C40": Broken(answering(latin_text), "comes back changed"),
    "C41": Broken(refusing(posted(odd_number)), "answered 500"),
    "C42": Broken(
        refusing(posted(lambda r: list(r.json) == ["action", "responder", "request"]), 400), "answered 400"
    ),
    "C42b": Broken(refusing(posted(lambda r: r.body.count(b'"action":') == 2)), "answered 500"),
    "C43": Broken(refusing(headed("traceparent", "00-nonsense"), 400), "malformed traceparent"),
    "C44": Broken(refusing(headed("x-mm-timeout-ms"), 400), "answered 400"),
    "C45": Broken(cross_talk, "another request"),
    "C46": Broken(rewriting(lambda *_: True, headers(Connection="close")), "after 1 requests"),
    "C47": Broken(refusing(headed("transfer-encoding"), 411), "answered 411 to a chunked body"),
    "C48": Broken(
        runs_repeats_again,
        "ran twice",
        tolerated={"C50": "who carries out every repeat does so with one that comes early, too"},
    ),
    "C49": Broken(replays_to_any_body, "got the answer of the first one"),
    "C50": Broken(runs_twice_at_once, "carried out twice"),
    "C51": Broken(
        when(at("GET", "/actions"), lambda _: answer({"actions": [*CATALOGUE, CATALOGUE[0]]})),
        "'note' is listed more than once",
    ),
    "C52": Broken(
        when(
            at("GET", "/actions"),
            lambda _: answer({"actions": [*CATALOGUE, {"name": "ghost", "idempotent": True}]}),
        ),
        "'ghost' is listed",
    ),
    "C53": Broken(when(at("GET", "/healthz"), lambda _: answer({"status": "ok"})), "'ok'"),
    "C54": Broken(when(at("GET", "/readyz"), lambda _: problem(500)), "answered 500"),
    "C55": Broken(
        when(
            lambda r: r.path == "/healthz" and "authorization" not in r.headers,
            lambda _: problem(401, WWW_Authenticate="Bearer"),
        ),
        "without credentials",
        deployment="bearer",
    ),
    "C56": Broken(
        when(at("POST", "/action/stream"), lambda _: stream([{"event": "ping"}])), "the last event is ping"
    ),
    "C57": Broken(
        when(
            at("POST", "/action/stream"),
            lambda _: stream(
                [
                    {"event": "directive", "directive": {"name": "listen", "type": "action"}},
                    {"event": "result", "responder": {"directives": []}},
                ]
            ),
        ),
        "1 directives were streamed",
    ),
    "C58": Broken(
        when(at("GET", "/readyz"), lambda _: problem(503, Retry_After="soon")), "Retry-After: soon"
    ),
    "C59": Broken(lambda: takes_any_token, "with a wrong token", deployment="bearer"),
    "C60": Broken(lambda: takes_old_signatures, "signed 301 seconds ago", deployment="signed"),
    "C61": Broken(WeakAfterDrops, "not answered as before"),
    "C62": Broken(lambda: lambda received, respond: respond(received), "without a certificate", "mutual-tls"),
}
