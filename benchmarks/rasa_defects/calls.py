"""Calls as a Rasa assistant makes them: over HTTP and over gRPC."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from mm_actions.dialects.rasa import proto
from mm_actions.dialects.rasa.wire import RasaCall, write_call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.rasa_defects.pair import Served

PATIENCE = 60
_DOMAIN = {
    "config": {},
    "intents": ["greet"],
    "slots": {"name": {"type": "text"}},
    "actions": ["action_hello"],
}
_DIGEST = "the only one"


class Answer(NamedTuple):
    """What came over HTTP."""

    status: int
    body: bytes


class Arrived(NamedTuple):
    """An event of a gRPC stream, and when it came, in seconds from the call."""

    at: float
    kind: str
    body: Any


def call_of(action: str, *, domain: bool = True, **slots: Any) -> RasaCall:
    """Make a call of the size of a short conversation."""
    said = {"event": "user", "timestamp": 1.0, "text": "hello", "parse_data": {"intent": {"name": "greet"}}}
    tracker = {
        "sender_id": "ann",
        "slots": slots,
        "latest_message": {"intent": {"name": "greet", "confidence": 1.0}, "entities": [], "text": "hello"},
        "events": [said],
        "paused": False,
        "active_loop": {},
        "latest_action_name": "action_listen",
    }
    call = RasaCall(
        next_action=action, sender_id="ann", tracker=tracker, domain_digest=_DIGEST, version="3.21.1"
    )
    if domain:
        call.domain = dict(_DOMAIN)
    return call


def json_of(call: RasaCall) -> bytes:
    """Write a call as it is posted."""
    return write_call(call)


def post(served: Served, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """Post a body to ``/webhook``."""
    connection = http.client.HTTPConnection("127.0.0.1", served.http_port, timeout=PATIENCE)
    try:
        sent = {"Content-Type": "application/json", **(headers or {})}
        connection.request("POST", "/webhook", body, sent)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()


def health_seconds(served: Served) -> float:
    """Tell how long ``GET /health`` takes."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", served.http_port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
    finally:
        connection.close()
    return time.perf_counter() - started


def has_member(body: bytes, name: str) -> bool:
    """Tell whether a body is an object with a member of that name."""
    try:
        found = json.loads(body)
    except ValueError:
        return False
    return isinstance(found, dict) and name in found


@contextmanager
def dialed(served: Served) -> Iterator[Grpc]:
    """Open a channel of gRPC."""
    with grpc.insecure_channel(f"127.0.0.1:{served.grpc_port}") as channel:
        yield Grpc(channel)


class Grpc:
    """The methods of ``ActionService``."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._webhook = channel.unary_unary(f"/{proto.SERVICE}/Webhook")
        self._stream = channel.unary_stream(f"/{proto.SERVICE}/WebhookStream")
        self._ack = channel.unary_unary(f"/{proto.SERVICE}/AckStreamChunks")

    def webhook(self, request: bytes) -> bytes:
        """Carry out an action."""
        answer: bytes = self._webhook(request, timeout=PATIENCE)
        return answer

    def stream(self, request: bytes) -> Iterator[Arrived]:
        """Carry out an action that streams."""
        started = time.perf_counter()
        for message in self._stream(request, timeout=PATIENCE):
            at = time.perf_counter() - started
            event = proto.event_of_message(proto.WebhookStreamEvent.FromString(message))
            if event is not None:
                yield Arrived(at, *event)

    def raw_stream(self, request: bytes) -> int:
        """Carry out an action that streams, and count what comes."""
        return sum(1 for _ in self._stream(request, timeout=PATIENCE))

    def interrupt(self, response_id: str) -> None:
        """Say that the user has interrupted it."""
        self._ack(proto.StreamChunkAck(response_id=response_id).SerializeToString(), timeout=PATIENCE)


def message_of(call: RasaCall) -> bytes:
    """Write a call as it travels over gRPC."""
    written: bytes = proto.request_message(call).SerializeToString()
    return written
