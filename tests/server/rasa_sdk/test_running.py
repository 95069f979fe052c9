"""Where actions of rasa_sdk run, what they share, and what becomes of what they return."""

from __future__ import annotations

import asyncio
import logging
import threading
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from msgspec import UNSET, structs
from tests.server.conftest import PATIENCE
from tests.server.rasa_sdk import running_actions
from tests.server.rasa_sdk.conftest import call_named, hosting, on_loop, perform, performed

from mm_actions.server import ActionServer, Host
from mm_actions.server.rasa_sdk import register
from mm_actions.testing.action_tester import ActionTester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Served


@pytest.fixture
def server() -> Iterator[ActionServer]:
    running_actions.gate.clear()
    running_actions.entered.clear()
    yield hosting(running_actions)
    running_actions.gate.set()


FORM = {
    "tracker": {
        "sender_id": "ann",
        "slots": {"size": "big"},
        "events": [{"event": "slot", "name": "size", "value": "big"}],
    },
    "domain": {"forms": {"plain_form": {"required_slots": ["size"]}}},
}


@pytest.mark.parametrize(
    ("blocking", "members"),
    [("action_blocking", {}), ("action_apart", {}), ("validate_plain_form", FORM)],
)
@on_loop
async def test_an_action_that_blocks_keeps_nobody_waiting(
    server: ActionServer, blocking: str, members: dict[str, object]
) -> None:
    host = Host(server.registry, server.options)
    held = asyncio.create_task(perform(host, call_named(blocking, **members)))
    assert await asyncio.to_thread(running_actions.entered.wait, PATIENCE)
    quick = await perform(host, call_named("action_quick"))
    assert quick.responses[0]["text"] == threading.current_thread().name
    assert not held.done()
    running_actions.gate.set()
    ended = await held
    assert ended.status == 200
    assert ended.responses or ended.events


@on_loop
async def test_a_class_may_ask_for_the_event_loop(server: ActionServer) -> None:
    done = await perform(Host(server.registry, server.options), call_named("action_inline"))
    assert done.responses[0]["text"] == threading.current_thread().name


def test_a_plain_function_that_looks_for_the_event_loop_is_told_how_to_get_there(
    server: ActionServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert performed(server, call_named("action_wants_loop")).status == 500
    assert "mm_actions_inline = True in its class has it run on the event loop" in caplog.text


@on_loop
async def test_a_plain_function_may_hand_out_what_is_to_be_awaited(server: ActionServer) -> None:
    done = await perform(Host(server.registry, server.options), call_named("action_hands_out"))
    assert done.responses[0]["text"] == threading.current_thread().name
    assert done.events[0]["value"] == 1


@on_loop
async def test_an_action_that_takes_too_long_is_given_up(server: ActionServer) -> None:
    host = Host(server.registry, server.options)
    late = await perform(host, call_named("action_blocking"), seconds=0.05)
    assert late.status == 504
    assert host.counts().threads_abandoned == 1


def test_what_an_action_does_to_tracker_and_domain_no_other_call_sees(
    server: ActionServer, tmp_path: Path
) -> None:
    file = tmp_path / "domain.yml"
    file.write_text("slots: {city: {type: text}}", encoding="utf-8")
    known = ActionServer()
    register(known, running_actions, domain=file)
    call = structs.replace(call_named("action_writes"), domain=UNSET)
    for _ in range(2):
        seen, changed = (one["custom"] for one in performed(known, deepcopy(call)).responses)
        assert seen["slots"] == {}
        assert seen["domain"]["slots"] == {"city": {"type": "text"}}
        assert "secret" not in seen["domain"]
        assert changed["slots"] == {"secret": "alice"}


def test_what_an_action_does_to_the_domain_that_an_assistant_sent_no_other_caller_sees(
    server: ActionServer, serve: Callable[[ActionServer], Served]
) -> None:
    server.configure(rasa=True, drain=0)
    served = serve(server)
    call = {"next_action": "action_writes", "tracker": {"sender_id": "ann"}, "domain_digest": "d1"}
    domain = {"slots": {"city": {"type": "text"}}}
    for sent in ({"domain": domain}, {}, {}):
        answer = served.post(call | sent, "/webhook")
        assert answer.status == 200
        assert answer.json["responses"][0]["custom"] == {"slots": {}, "domain": domain}


def test_what_an_action_does_to_a_turn_of_ours_no_other_call_sees(server: ActionServer) -> None:
    tester = ActionTester(server)
    for _ in range(2):
        answer = tester.call("action_writes", {"text": "hi"}, {"frame": {"city": "Bonn"}, "slots": {"n": 2}})
        assert answer.status == 200
        first, second = (one["payload"] for one in answer.directives)
        assert first == {"slots": {"city": "Bonn", "n": 2}, "domain": {}}
        assert second["slots"]["secret"] == "alice"
        assert "secret" not in answer.slots


def test_events_that_are_none_are_dropped_with_a_line_in_the_log_that_quotes_nothing(
    server: ActionServer, caplog: pytest.LogCaptureFixture
) -> None:
    done = performed(server, call_named("action_odd"))
    assert [event["name"] for event in done.events] == ["kept"]
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 4
    assert all("action_odd" in line and "is dropped" in line for line in lines)
    assert "secret" not in caplog.text


def test_a_single_event_instead_of_a_list_is_dropped_and_the_log_says_what_to_write(
    server: ActionServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert performed(server, call_named("action_single")).events == []
    assert "return a list of events" in caplog.text


def test_an_error_of_an_action_is_for_the_log_and_not_for_the_caller(
    server: ActionServer, caplog: pytest.LogCaptureFixture
) -> None:
    from rasa_actions import failing

    crashing = hosting(failing)
    done = performed(crashing, call_named("action_crash"))
    assert done.status == 500
    assert "hunter2" not in str(done.body)
    assert "hunter2" in caplog.text
    assert done.events == done.responses == []


def test_an_action_that_declines_tells_a_caller_of_the_contract_so() -> None:
    from rasa_actions import failing

    answer = ActionTester(hosting(failing)).call("action_reject", {"text": "hi"})
    assert answer.status == 422
    assert answer.problem is not None
    assert answer.problem.type == "urn:mm-actions:problem:rejected"
    assert answer.problem.detail == "no thanks"


@on_loop
async def test_the_sync_iterator_of_a_stream_lets_others_have_their_turn(server: ActionServer) -> None:
    host = Host(server.registry, server.options)
    tracker = {"sender_id": "ann", "slots": {"count": 50}, "events": []}
    streaming = asyncio.create_task(perform(host, call_named("action_iterates", tracker=tracker)))
    seen = set()
    while not streaming.done():
        await asyncio.sleep(0)
        seen.add(running_actions.Iterates.steps)
    assert len(seen) >= 50
    assert [one["text"] for one in (await streaming).responses] == [f"{number} " for number in range(50)]


def test_what_is_streamed_to_a_caller_that_takes_no_stream_becomes_messages(
    server: ActionServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    first, second = performed(server, call_named("action_forgets")).responses
    assert (first["text"], first["custom"], first["extra"]) == ("a", {"x": 1}, "kept")
    assert (second["text"], second["buttons"]) == (None, [{"title": "b"}])
    assert "began a stream and did not end it" in caplog.text


def test_what_comes_after_a_stream_was_broken_off_is_dropped(server: ActionServer) -> None:
    done = performed(server, call_named("action_breaks_off"))
    assert [one["text"] for one in done.responses] == ["said", "again"]


def test_a_response_of_the_domain_cannot_be_streamed(
    server: ActionServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert performed(server, call_named("action_streams_template")).status == 500
    assert "a chunk is no response of the domain: use utter_message()" in caplog.text
