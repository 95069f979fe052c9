"""``POST /webhook`` with ``Accept: application/x-ndjson``, and what interrupts it."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import JSON, PATIENCE, until
from tests.server.rasa.conftest import MESSAGE, failed

from mm_actions.server import ActionServer, CallAbandoned, Rejected
from mm_actions.server.rasa.interruptions import Interruptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.rasa.conftest import RasaServed

    Serve = Callable[[], RasaServed]

EVENT = {"event": "followup", "timestamp": None, "name": "action_next"}


@pytest.fixture
def tokens(server: ActionServer, gate: threading.Event) -> threading.Event:
    """Register an action that says a text piece by piece, and waits before the last one."""
    interrupted = threading.Event()

    @server.action("tokens")
    async def tell(request, responder):
        for piece in ("Once ", "upon "):
            responder.direct("chunk", "stream", {"text": piece})
            await responder.flush()
        await until(lambda: gate.is_set() or getattr(responder, "interrupted", ()))
        if getattr(responder, "interrupted", ()):
            interrupted.set()
        responder.direct("chunk", "stream", {"text": "a time."})
        await responder.flush()
        responder.direct("followup", "event", {"name": "action_next"})
        responder.frame["told"] = True

    return interrupted


def test_pieces_leave_while_the_action_is_at_work(
    server: ActionServer, served: Serve, tokens: threading.Event, gate: threading.Event
) -> None:
    with served().stream("tokens") as stream:
        assert stream.response.status == 200
        assert stream.response.headers["content-type"] == "application/x-ndjson"
        kind, start = stream.next()
        response_id = start["response_id"]
        assert kind == "chunk_start"
        assert stream.next() == ("chunk", {"response_id": response_id, "text": "Once "})
        assert stream.next() == ("chunk", {"response_id": response_id, "text": "upon "})
        gate.set()
        told = {"event": "slot", "timestamp": None, "name": "told", "value": True}
        assert stream.rest() == [
            ("chunk", {"response_id": response_id, "text": "a time."}),
            ("chunk_end", {"response_id": response_id}),
            ("final_result", {"events": [EVENT, told], "responses": []}),
        ]


def test_a_caller_that_takes_no_stream_gets_the_pieces_as_messages(
    server: ActionServer, served: Serve, tokens: threading.Event, gate: threading.Event
) -> None:
    gate.set()
    texts = [message["text"] for message in served().act("tokens").json["responses"]]
    assert texts == ["Once ", "upon ", "a time."]


def test_a_whole_reply_that_is_flushed_is_a_response_of_its_own(server: ActionServer, served: Serve) -> None:
    @server.action
    def tell(request, responder):
        responder.reply("one")
        responder.flush()
        responder.reply("two")
        responder.suggest([{"text": "Yes", "payload": "/yes", "type": "text"}])
        responder.direct("followup", "event", {"name": "action_next"})
        responder.flush()
        responder.reply("three")

    with served().stream("tell") as stream:
        events = stream.rest()
    kinds = [kind for kind, _ in events]
    assert kinds == ["chunk_start", "chunk", "chunk_end"] * 2 + ["final_result"]
    assert events[1][1]["text"] == "one"
    assert events[4][1]["buttons"] == [{"title": "Yes", "payload": "/yes"}]
    assert events[0][1] != events[3][1]
    assert events[-1][1] == {"events": [EVENT], "responses": [{"text": "three", **MESSAGE}]}


def test_a_response_of_the_domain_waits_for_the_end(server: ActionServer, served: Serve) -> None:
    @server.action
    async def greet(request, responder):
        responder.display("utter", {"response": "utter_greet", "name": "Bob"})
        await responder.flush()

    with served().stream("greet") as stream:
        ((kind, body),) = stream.rest()
    assert kind == "final_result"
    assert [(message["response"], message["name"]) for message in body["responses"]] == [
        ("utter_greet", "Bob")
    ]


def test_an_action_that_streams_nothing_ends_with_its_answer(server: ActionServer, served: Serve) -> None:
    @server.action
    async def hello(request, responder):
        responder.reply("hello")

    with served().stream("hello") as stream:
        assert stream.rest() == [
            ("final_result", {"events": [], "responses": [{"text": "hello", **MESSAGE}]})
        ]


def test_a_failure_before_the_first_piece_has_a_status_of_its_own(
    server: ActionServer, served: Serve
) -> None:
    @server.action
    async def decline(request, responder):
        raise Rejected("no thanks")

    running = served()
    ndjson = {"Accept": "application/x-ndjson"}
    assert failed(running.act("decline", headers=ndjson), 400, "decline") == "no thanks"
    failed(running.act("nobody", headers=ndjson), 404, "nobody")


def test_a_failure_after_the_first_piece_is_the_last_line_and_says_no_secrets(
    server: ActionServer, served: Serve
) -> None:
    @server.action
    async def fail(request, responder):
        responder.direct("chunk", "stream", {"text": "one"})
        await responder.flush()
        raise RuntimeError("hunter2")

    with served().stream("fail") as stream:
        events = stream.rest()
    assert [kind for kind, _ in events] == ["chunk_start", "chunk", "error"]
    assert events[-1][1]["action_name"] == "fail"
    assert "hunter2" not in events[-1][1]["message"]


def test_an_interrupted_action_says_no_more_but_its_answer_counts(
    server: ActionServer, served: Serve, tokens: threading.Event
) -> None:
    running = served()
    with running.stream("tokens") as stream:
        response_id = stream.next()[1]["response_id"]
        assert [stream.next()[0], stream.next()[0]] == ["chunk", "chunk"]
        acknowledged = running.exchange(
            "POST", "/webhook/ack", json.dumps({"response_id": response_id}), JSON
        )
        assert acknowledged.status == 204
        ((kind, body),) = stream.rest()
    assert kind == "final_result"
    assert body["responses"] == []
    assert [event["event"] for event in body["events"]] == ["followup", "slot"]
    assert tokens.is_set()


def test_an_acknowledgement_of_an_unknown_response_changes_nothing(served: Serve) -> None:
    running = served()
    for body, status in ((b'{"response_id":"x"}', 204), (b"{}", 400), (b"[", 400)):
        assert running.exchange("POST", "/webhook/ack", body, JSON).status == status


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_an_interrupted_action_that_never_says_anything_again_is_given_up(serve: Any, kind: str) -> None:
    from tests.server.rasa.conftest import RasaServed

    server = ActionServer(rasa=True, drain=0, barge_in=0.05, loop_alarm=0)
    ended = threading.Event()
    gate = threading.Event()

    @server.action("silent", on_disconnect="finish")
    async def wait(request, responder):
        responder.direct("chunk", "stream", {"text": "one"})
        await responder.flush()
        try:
            await until(lambda: False)
        finally:
            ended.set()

    @server.action("blocked")
    def block(request, responder):
        responder.direct("chunk", "stream", {"text": "one"})
        responder.flush()
        gate.wait(PATIENCE)
        try:
            responder.flush()
        except CallAbandoned:
            ended.set()
            raise

    running = RasaServed(serve(server).url)
    with running.stream("silent" if kind == "async" else "blocked") as stream:
        response_id = stream.next()[1]["response_id"]
        assert stream.next()[0] == "chunk"
        running.exchange("POST", "/webhook/ack", json.dumps({"response_id": response_id}), JSON)
        assert stream.rest() == [("final_result", {"events": [], "responses": []})]
    gate.set()
    assert ended.wait(PATIENCE)


def test_a_caller_that_closes_the_connection_ends_the_action(server: ActionServer, served: Serve) -> None:
    ended = threading.Event()

    @server.action
    async def tell(request, responder):
        try:
            while True:
                responder.direct("chunk", "stream", {"text": "and "})
                await responder.flush()
        finally:
            ended.set()

    with served().stream("tell") as stream:
        assert stream.next()[0] == "chunk_start"
    assert ended.wait(PATIENCE)


def test_an_async_action_that_never_waits_streams_all_the_same(server: ActionServer, served: Serve) -> None:
    answered = threading.Event()

    @server.action
    async def tell(request, responder):
        responder.direct("chunk", "stream", {"text": "one"})
        await responder.flush()
        assert answered.wait(PATIENCE)  # it holds the loop, and yet the first piece has left

    with served().stream("tell") as stream:
        assert stream.next()[0] == "chunk_start"
        assert stream.next()[1]["text"] == "one"
        answered.set()
        assert [kind for kind, _ in stream.rest()] == ["chunk_end", "final_result"]


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def later(self, seconds: float, what: Callable[[], None]) -> Any:
        entry = [seconds, what]
        self.waiting.append(entry)
        return self.Timer(self.waiting, entry)

    def pass_by(self, seconds: float) -> None:
        for entry in list(self.waiting):
            entry[0] -= seconds
            if entry[0] <= 0:
                self.waiting.remove(entry)
                entry[1]()

    class Timer:
        def __init__(self, waiting: list[Any], entry: Any) -> None:
            self.waiting, self.entry = waiting, entry

        def cancel(self) -> None:
            if self.entry in self.waiting:
                self.waiting.remove(self.entry)


class Speaker:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def interrupt(self) -> None:
        self.heard.append("interrupted")

    def give_up(self) -> None:
        self.heard.append("given up")


def test_the_deadline_of_an_interruption_counts_from_it_and_from_nothing_else() -> None:
    clock, speaker = Clock(), Speaker()
    interruptions = Interruptions(30, clock.later)
    for response_id in ("a", "b"):
        interruptions.open(response_id, speaker)
    assert interruptions.interrupt("a")
    clock.pass_by(29)
    assert interruptions.interrupt("b")  # asking again gives no more time
    assert speaker.heard == ["interrupted"]
    clock.pass_by(1)
    assert speaker.heard == ["interrupted", "given up"]


def test_an_action_that_ends_in_time_is_not_given_up() -> None:
    clock, speaker = Clock(), Speaker()
    interruptions = Interruptions(30, clock.later)
    interruptions.open("a", speaker)
    interruptions.interrupt("a")
    interruptions.close(speaker, ["a"])
    clock.pass_by(31)
    assert speaker.heard == ["interrupted"]
    assert not interruptions.interrupt("a")
    assert len(interruptions) == 0


def test_of_two_calls_with_one_id_the_later_is_meant_and_the_end_of_the_other_changes_nothing() -> None:
    first, second = Speaker(), Speaker()
    interruptions = Interruptions(30, Clock().later)
    for speaker in (first, second):
        interruptions.open("a", speaker)
    interruptions.close(first, ["a"])
    assert interruptions.interrupt("a")
    assert (first.heard, second.heard) == ([], ["interrupted"])
