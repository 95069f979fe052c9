"""Chunks of a real rasa_sdk server as they come, and how a text is interrupted."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mm_actions import CustomAction, DialogueResponder, Request
from mm_actions.dialects.rasa.proto import StreamChunkAck, stream_message
from mm_actions.dialects.rasa.wire import RasaAnswer
from transports.grpc.scripted import NOTHING

TURN = Request(text="hi", context={"sender_id": "u1"})
TURNS = 400


def event(kind, body):
    return stream_message(kind, body).SerializeToString()


START = event("chunk_start", {"response_id": "r"})
WORD = event("chunk", {"response_id": "r", "text": "word"})
END = event("chunk_end", {"response_id": "r"})
RESULT = event("final_result", RasaAnswer(responses=[{"text": "done"}]))


def test_chunks_come_one_by_one_and_the_answer_holds_them_all(stream, peer):
    responder = DialogueResponder()
    directives, result = stream("action_stream", {"url": peer.url}, TURN, responder)
    kinds = [each["name"] for each in directives]
    assert kinds == ["chunk_start", "chunk", "chunk", "chunk", "chunk", "chunk_end", "reply"]
    assert [each["payload"].get("text") for each in directives[1:4]] == ["one ", "two ", "three"]
    assert directives[4]["payload"]["buttons"] == [{"title": "More", "payload": "/more"}]
    assert len({each["payload"]["response_id"] for each in directives[:-1]}) == 1
    assert result
    assert (responder.directives, responder.slots) == (directives, {"counted": 3})


def test_two_texts_of_one_action_are_told_apart(stream, peer):
    directives, result = stream("action_stream_twice", {"url": peer.url}, TURN)
    assert result
    ids = [each["payload"]["response_id"] for each in directives if each["name"] == "chunk"]
    assert len(set(ids)) == 2


def test_a_failure_amid_a_text_merges_nothing(stream, peer):
    responder = DialogueResponder(frame={"a": 1})
    directives, result = stream("action_stream_crash", {"url": peer.url}, TURN, responder)
    assert [each["name"] for each in directives] == ["chunk_start", "chunk"]
    assert result.kind == "server-failed"
    assert "hunter2" not in str(result.error)
    assert (responder.frame, responder.directives) == ({"a": 1}, [])


@pytest.mark.parametrize(
    ("action", "kind"),
    [("action_reject", "rejected"), ("action_none", "action-not-found"), ("action_crash", "server-failed")],
)
def test_a_call_that_fails_before_it_speaks_fails_as_any_other(stream, peer, action, kind):
    directives, result = stream(action, {"url": peer.url}, TURN)
    assert (directives, result.kind) == ([], kind)


def test_a_blocking_caller_who_leaves_a_text_has_it_interrupted(peer):
    with CustomAction("action_stream_slowly", {"url": peer.url, "timeout": 10}).stream(
        TURN, DialogueResponder()
    ) as directives:
        next(directives)
    assert ended(peer) == "interrupted"


def ended(peer):
    """Ask until the action has ended; each question is a call of its own."""
    report = CustomAction("action_stream_report", {"url": peer.url, "timeout": 10})
    tick = threading.Event()
    for _ in range(TURNS):
        responder = DialogueResponder()
        assert report.invoke(TURN, responder)
        state = responder.directives[0]["payload"]["ended"]
        if state not in {"running", "not begun"}:
            return state
        tick.wait(0.01)
    raise AssertionError("the action goes on")


def test_an_event_loop_that_goes_on_lets_the_action_end_as_it_wants(peer, runner):
    action = CustomAction("action_stream_slowly", {"url": peer.url, "timeout": 10})

    async def leave():
        async with action.stream_async(TURN, DialogueResponder()) as directives:
            await anext(directives)
        return await asyncio.to_thread(ended, peer)

    assert runner.run(leave()) == "interrupted"


def test_a_cancelled_task_cancels_the_action(peer, runner):
    action = CustomAction("action_stream_slowly", {"url": peer.url, "timeout": 10})

    async def leave():
        begun = asyncio.Event()

        async def follow():
            async with action.stream_async(TURN, DialogueResponder()) as directives:
                async for _ in directives:
                    begun.set()

        task = asyncio.create_task(follow())
        async with asyncio.timeout(10):
            await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.to_thread(ended, peer)

    assert runner.run(leave()) == "cancelled"


def test_the_server_is_told_which_text_to_end(serve):
    told, said = [], threading.Event()

    def ack(body):
        told.append(StreamChunkAck.FromString(body).response_id)
        said.set()

    def speak(_context, _number):
        yield START
        for _ in range(TURNS):
            if said.wait(0.01):
                break
            yield WORD
        yield RESULT

    server = serve(stream=speak, ack=ack)
    with CustomAction("action_stream", {"url": server.url}).stream(TURN, DialogueResponder()) as directives:
        next(directives)
    assert said.wait(5)
    assert told == ["r"]


def test_a_server_without_streams_answers_in_one_piece(stream, serve):
    server = serve(webhook=lambda _context, _number: NOTHING)
    directives, result = stream("action_hello", {"url": server.url}, TURN)
    assert result
    assert directives == []


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([START, WORD], "response-aborted"),
        ([], "response-aborted"),
        ([START, RESULT, WORD], "schema-mismatch"),
        ([START, b"\xff\xff\xff"], "bad-payload"),
        ([START, event("error", {"action_name": "a", "message": "hunter2"})], "server-failed"),
        ([START, event("chunk", {"response_id": "r", "text": "x" * 2000})], "answer-too-large"),
        ([START] + [event("chunk", {"response_id": "r", "text": "x" * 500})] * 20, "answer-too-large"),
    ],
)
def test_a_stream_that_goes_wrong_merges_nothing(stream, serve, events, kind):
    server = serve(stream=lambda _context, _number: iter(events))
    responder = DialogueResponder(frame={"a": 2})
    settings = {"url": server.url, "max_response_bytes": 1000}
    _, result = stream("action_stream", settings, TURN, responder)
    assert result.kind == kind
    assert "hunter2" not in str(result.error)
    assert (responder.frame, responder.directives) == ({"a": 2}, [])


def test_the_domain_is_sent_when_a_stream_asks_for_it(stream, serve):
    def speak(_context, number):
        if number == 1:
            yield event("error", {"action_name": "a", "message": "Missing domain context, assistant will"})
        else:
            yield RESULT

    server = serve(stream=speak)
    directives, result = stream("action_stream", {"url": server.url}, TURN)
    assert result
    assert [each["payload"] for each in directives] == [{"text": "done"}]
    assert [request.HasField("domain") for request in server.requests] == [False, True]
