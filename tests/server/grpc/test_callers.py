"""Callers that are not of this room: rasa_sdk's own stub, and the transports of this package."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.rasa.conftest import MESSAGE, native

from mm_actions import CustomAction, DialogueResponder, Request
from mm_actions.errors import ActionNotFound, ActionRejected, BadStatus
from mm_actions.server import ActionServer, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

THEIRS = """
import json, sys, warnings
warnings.simplefilter("ignore")
import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from rasa_sdk.grpc_py.action_webhook_pb2 import ActionsRequest, StreamChunkAck, WebhookRequest
from rasa_sdk.grpc_py.action_webhook_pb2_grpc import ActionServiceStub

def message(action, **members):
    call = {"next_action": action, "sender_id": "u", "tracker": {"sender_id": "u", "slots": {"city": "Oslo"},
            "latest_message": {"text": "hi"}}, **members}
    return ParseDict(call, WebhookRequest(), ignore_unknown_fields=True)

def told(message):
    return MessageToDict(message, preserving_proto_field_name=True)

found = {}
with grpc.insecure_channel(sys.argv[1], compression=grpc.Compression.Gzip) as channel:
    stub = ActionServiceStub(channel)
    found["actions"] = told(stub.Actions(ActionsRequest()))["actions"]
    try:
        stub.Webhook(message("look", domain_digest="d1"))
    except grpc.RpcError as error:
        found["first"] = [error.code().name, json.loads(error.details())["resource_type"]]
    # As Rasa does it: intents are plain texts, which ParseDict makes messages without a value.
    domain = {"slots": {"a": {"type": "text"}}, "intents": [{"string_value": "greet"}]}
    found["second"] = told(stub.Webhook(message("look", domain_digest="d1", domain=domain)))
    found["third"] = told(stub.Webhook(message("look", domain_digest="d1")))
    try:
        stub.Webhook(message("decline"))
    except grpc.RpcError as error:
        found["declined"] = [error.code().name, json.loads(error.details())]
    found["stream"] = [told(event) for event in stub.WebhookStream(message("tell"))]
    stub.AckStreamChunks(StreamChunkAck(response_id="x"))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    server = ActionServer(rasa=True, drain=0, loop_alarm=0)

    @native(server, "look")
    def look(call, responder):
        responder.responses.append({"text": json.dumps(call.domain["intents"]), **MESSAGE})

    @server.action
    def decline(request, responder):
        raise Rejected("no thanks")

    @server.action
    async def tell(request, responder):
        responder.direct("chunk", "stream", {"text": "Once", "response_id": "r1"})
        await responder.flush()
        responder.frame["count"] = 5

    @server.action
    def order(request, responder):
        responder.reply(f"from {request.frame['city']}")
        responder.frame["count"] = 5

    @server.action
    def fail(request, responder):
        raise RuntimeError("hunter2")

    with server.in_thread(grpc_port=0) as running:
        yield running


def test_the_stub_of_rasa_sdk_is_served(running: Any) -> None:
    address = running.grpc_url.removeprefix("grpc://")
    done = subprocess.run(
        [sys.executable, "-c", THEIRS, address], capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["actions"][0] == {"name": "look"}
    assert found["first"] == ["NOT_FOUND", "DOMAIN"]
    assert found["second"]["responses"][0]["text"] == '["greet"]'
    assert found["second"] == found["third"]
    assert found["declined"] == ["INTERNAL", {"action_name": "decline", "message": "no thanks"}]
    slot = {"event": "slot", "timestamp": None, "name": "count", "value": 5.0}
    assert found["stream"] == [
        {"chunk_start": {"response_id": "r1"}},
        {"chunk": {"response_id": "r1", "text": "Once"}},
        {"chunk_end": {"response_id": "r1"}},
        {"final_result": {"events": [slot]}},
    ]


@pytest.mark.parametrize("scheme", ["grpc", "rasa+http"])
def test_the_transports_of_this_package_are_served(running: Any, scheme: str) -> None:
    url = running.grpc_url if scheme == "grpc" else f"rasa+{running.url}/webhook"
    turn = Request(text="hello", frame={"city": "Oslo"})

    def call(action: str) -> tuple[Any, DialogueResponder]:
        responder = DialogueResponder(frame={"city": "Oslo"})
        return CustomAction(action, {"url": url}).invoke(turn, responder), responder

    result, responder = call("order")
    assert result, result.error
    assert responder.frame["count"] == 5
    assert responder.directives[0]["payload"]["text"] == "from Oslo"
    assert type(call("decline")[0].error) is ActionRejected
    assert type(call("nobody")[0].error) is ActionNotFound
    failure = call("fail")[0].error
    assert isinstance(failure, BadStatus)
    assert "hunter2" not in str(failure)
