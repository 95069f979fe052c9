"""Actions of ours, called as Rasa would call them, over HTTP and gRPC."""

from __future__ import annotations

import pytest

from mm_actions import DialogueResponder, Request
from mm_actions.server import ActionServer, Rejected

TURN = Request(text="hi", context={"sender_id": "u1"})


@pytest.fixture(scope="module")
def running():
    server = ActionServer(rasa=True, drain=0, loop_alarm=0)

    @server.action("greet")
    def greet(request, responder):
        responder.frame["count"] = 5
        responder.reply(f"Hello {request.text}")
        responder.suggest([{"text": "More"}])

    @server.action("tell")
    async def tell(request, responder):
        for word in ("one ", "two"):
            responder.direct("chunk", "stream", {"text": word})
            await responder.flush()
        responder.reply("done")

    @server.action("decline")
    def decline(request, responder):
        raise Rejected("not today")

    @server.action("change_ones_mind")
    async def change_ones_mind(request, responder):
        responder.direct("chunk", "stream", {"text": "Well, "})
        await responder.flush()
        raise Rejected("no")

    with server.in_thread(grpc_port=0) as served:
        yield served


@pytest.fixture(params=["http", "grpc"])
def settings(request, running):
    return {"url": f"rasa+{running.url}/webhook" if request.param == "http" else running.grpc_url}


def test_an_action_of_ours_says_the_same_through_rasas_protocol(invoke, settings):
    responder = DialogueResponder()
    assert invoke("greet", settings, TURN, responder)
    assert [each["name"] for each in responder.directives] == ["reply", "suggestions"]
    assert responder.directives[0]["payload"] == {"text": "Hello hi"}
    assert responder.frame["count"] == 5


def test_its_chunks_come_as_a_stream(stream, settings):
    directives, result = stream("tell", settings, TURN)
    assert result
    assert [each["payload"].get("text") for each in directives if each["name"] == "chunk"] == ["one ", "two"]
    assert directives[-1]["payload"] == {"text": "done"}


def test_a_rejection_is_one(invoke, stream, settings):
    assert invoke("decline", settings, TURN).kind == "rejected"
    assert stream("decline", settings, TURN)[1].kind == "rejected"


def test_a_rejection_amid_a_stream_is_one(stream, settings):
    directives, result = stream("change_ones_mind", settings, TURN)
    assert "Well, " in [each["payload"].get("text") for each in directives]
    assert result.kind == "rejected"


def test_an_unknown_action_is_one(invoke, settings):
    assert invoke("greeet", settings, TURN).kind == "action-not-found"
