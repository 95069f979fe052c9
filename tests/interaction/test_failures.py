from __future__ import annotations

import asyncio
import time
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest
from tests.interaction.actions import SECRET
from tests.interaction.colours import ASYNC
from tests.interaction.turns import members, turn

from mm_actions import CustomAction
from mm_actions.errors import (
    ActionNotFound,
    BadStatus,
    DeadlineExceeded,
    InvocationError,
    Sent,
    ServerFailed,
)


@pytest.mark.requirement("failure-typed")
def test_an_action_that_raises_is_a_typed_result(way: dict[str, Any], colour: Any) -> None:
    result = colour.invoke(CustomAction("explode", way), *turn())
    assert not result
    assert type(result.error) is ServerFailed
    assert result.error.sent is Sent.YES
    assert SECRET not in f"{result.error!r} {result.error} {result.error.hint} {vars(result.error)}"


@pytest.mark.requirement("failure-refused")
def test_what_an_action_refuses_is_not_tried_again(way: dict[str, Any], colour: Any) -> None:
    result = colour.invoke(CustomAction("refuse", {**way, "idempotent": True}), *turn())
    assert isinstance(result.error, BadStatus)
    assert not isinstance(result.error, ServerFailed)
    assert result.attempts == 1


@pytest.mark.requirement("failure-unknown")
def test_an_unknown_action_names_the_one_that_was_meant(way: dict[str, Any], colour: Any) -> None:
    result = colour.invoke(CustomAction("explodes", way), *turn())
    assert type(result.error) is ActionNotFound
    assert "'explode'" in result.error.hint


@pytest.mark.requirement("failure-garbage")
def test_an_answer_that_cannot_be_written_is_a_typed_result(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    result = colour.invoke(CustomAction("garble", way), request, responder)
    assert isinstance(result.error, InvocationError)
    assert members(responder) == members(turn()[1])


@pytest.mark.requirement("failure-nothing-merged")
@pytest.mark.parametrize("name", ["explode", "refuse", "explodes", "garble"])
def test_a_failed_call_leaves_the_responder_as_it_was(way: dict[str, Any], colour: Any, name: str) -> None:
    request, responder = turn()
    responder.reply("first")
    responder.frame["mine"] = {"deep": [1]}
    before = deepcopy(members(responder))
    assert not colour.invoke(CustomAction(name, way), request, responder)
    assert members(responder) == before


@pytest.mark.requirement("failure-once")
def test_a_call_that_failed_in_the_action_is_not_repeated(way: dict[str, Any], colour: Any) -> None:
    text = uuid4().hex
    result = colour.invoke(CustomAction("explode", {**way, "retries": 3}), *turn(text))
    assert (bool(result), result.attempts) == (False, 1)
    request, responder = turn(text)
    assert colour.invoke(CustomAction("how_often", way), request, responder)
    assert responder.directives[0]["payload"]["text"] == "1"


@pytest.mark.requirement("failure-raised")
def test_the_error_is_raised_where_that_is_asked_for(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    with pytest.raises(ServerFailed):
        colour.invoke(CustomAction("explode", way, raise_on_failure=True), request, responder)
    assert members(responder) == members(turn()[1])


@pytest.mark.requirement("failure-absent")
def test_a_server_that_is_not_there_was_sent_nothing(absent: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    result = colour.invoke(CustomAction("say", {**absent, "retries": 0}), request, responder)
    assert isinstance(result.error, InvocationError)
    assert result.error.sent is Sent.NO
    assert members(responder) == members(turn()[1])


@pytest.mark.requirement("deadline")
@pytest.mark.parametrize("name", ["hang", "hang_in_thread"])
def test_an_action_that_does_not_end_is_given_up(way: dict[str, Any], colour: Any, name: str) -> None:
    assert colour.invoke(CustomAction("nothing", way), *turn())
    request, responder = turn(uuid4().hex)
    started = time.monotonic()
    result = colour.invoke(CustomAction(name, {**way, "timeout": 0.3}), request, responder)
    assert time.monotonic() - started < 2.5
    assert isinstance(result.error, (DeadlineExceeded, ServerFailed))
    assert result.attempts == 1
    assert responder.directives == []


@pytest.mark.requirement("cancellation")
def test_a_cancelled_call_leaves_nothing_behind(way: dict[str, Any]) -> None:
    async def main() -> None:
        action, quick = CustomAction("hang", way), CustomAction("say", way)
        assert await quick.invoke_async(*turn())
        before = asyncio.all_tasks()
        for delay in (0, 0.001, 0.05):
            request, responder = turn()
            call = asyncio.ensure_future(action.invoke_async(request, responder))
            done, _ = await asyncio.wait([call], timeout=delay)
            assert not done
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert members(responder) == members(turn()[1])
        request, responder = turn()
        assert await quick.invoke_async(request, responder)
        assert len(responder.directives) == 1
        left = asyncio.all_tasks() - before
        if left:
            _, left = await asyncio.wait(left, timeout=5)
        assert not left

    ASYNC.run(main())


@pytest.mark.requirement("concurrency")
def test_calls_at_once_each_get_their_own_answer(way: dict[str, Any], colour: Any) -> None:
    action = CustomAction("say", way)
    turns = [turn(f"number {position}") for position in range(16)]
    results = colour.invoke_all([(action, *each) for each in turns])
    assert [(bool(result), result.kind) for result in results] == [(True, "ok")] * 16
    for request, responder in turns:
        assert responder.directives[0]["payload"]["text"] == f"You said {request.text}"
