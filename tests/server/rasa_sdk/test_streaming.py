"""What actions of rasa_sdk stream, to callers that take a stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs
from tests.server.conftest import PATIENCE
from tests.server.rasa_sdk import running_actions
from tests.server.rasa_sdk.conftest import call_named, hosting, on_loop, perform

from mm_actions.contract.codec import decode
from mm_actions.server import ActionServer, Call, Host
from mm_actions.server.calls.arrival import Arrived
from mm_actions.server.calls.sent import NOTHING_SENT
from mm_actions.server.calls.streaming import Stream
from mm_actions.server.rasa_sdk.native import native_turn
from mm_actions.testing.action_tester import ActionTester

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def server() -> ActionServer:
    running_actions.gate.set()
    return hosting(running_actions)


def counting(count: int) -> Any:
    return call_named("action_iterates", tracker={"sender_id": "a", "slots": {"count": count}, "events": []})


@on_loop
async def test_chunks_leave_one_by_one_and_are_not_messages_too(server: ActionServer) -> None:
    left: list[Any] = []

    async def take(directives: Sequence[bytes]) -> None:
        left.append([decode(bytes(one), dict[str, Any]) for one in directives])

    done = await perform(Host(server.registry, server.options), counting(3), Stream(take))
    assert [len(each) for each in left] == [1] * 5
    names = [each[0]["name"] for each in left]
    assert names == ["chunk_start", "chunk", "chunk", "chunk", "chunk_end"]
    payloads = [each[0]["payload"] for each in left]
    assert len({payload["response_id"] for payload in payloads}) == 1
    assert [payload["text"] for payload in payloads[1:-1]] == ["0 ", "1 ", "2 "]
    assert done.responses == []
    assert done.events[0]["value"] is False


@on_loop
async def test_an_action_waits_for_a_reader_that_is_slow(server: ActionServer) -> None:
    room = asyncio.Semaphore(3)
    taken = asyncio.Event()

    async def take(directives: Sequence[bytes]) -> None:
        if room.locked():
            taken.set()
        await room.acquire()

    performing = asyncio.create_task(
        perform(Host(server.registry, server.options), counting(100), Stream(take))
    )
    async with asyncio.timeout(PATIENCE):
        await taken.wait()
    for _ in range(100):
        await asyncio.sleep(0)
    assert running_actions.Iterates.steps == 2  # the start and two chunks have left; the third waits
    for _ in range(200):
        room.release()
    assert (await performing).status == 200


@on_loop
async def test_a_stream_from_a_thread_leaves_too(server: ActionServer) -> None:
    left: list[Any] = []

    async def take(directives: Sequence[bytes]) -> None:
        left.extend(decode(bytes(one), dict[str, Any])["name"] for one in directives)

    await perform(Host(server.registry, server.options), call_named("action_apart"), Stream(take))
    assert left == ["chunk_start", "chunk", "chunk_end"]


@on_loop
async def test_an_interruption_ends_a_stream_and_not_the_next_one(server: ActionServer) -> None:
    host = Host(server.registry, server.options)
    action = host.registry.find("action_iterates")
    assert action is not None
    request, responder = native_turn(counting(10), mapped=False)
    left: list[Any] = []

    async def take(directives: Sequence[bytes]) -> None:
        left.extend(decode(bytes(one), dict[str, Any]) for one in directives)
        if len(left) == 4:
            responder.interrupted.add(left[0]["payload"]["response_id"])

    arrived = Arrived(action=action.name, request=request, responder=responder, sent=NOTHING_SENT)
    way = Call(body=b"", headers={}, started=0.0, stream=Stream(take))
    reply = (await host.perform(action, arrived, 10, way)).reply
    assert reply.status == 200
    assert [one["name"] for one in left] == ["chunk_start", "chunk", "chunk", "chunk"]
    assert responder.events[0]["value"] is True
    assert running_actions.Iterates.steps == 9


@on_loop
async def test_an_action_that_never_waits_is_given_up_when_its_caller_has_left(server: ActionServer) -> None:
    async def take(directives: Sequence[bytes]) -> None:
        asyncio.get_running_loop().call_soon(stream.leave)

    stream = Stream(take)
    done = await perform(Host(server.registry, server.options), counting(10**9), stream)
    assert done.body["type"] == "urn:mm-actions:problem:abandoned"
    assert running_actions.Iterates.steps < 100


@on_loop
async def test_an_action_that_never_waits_is_given_up_after_its_time_even_where_nobody_takes_its_stream(
    server: ActionServer,
) -> None:
    done = await perform(Host(server.registry, server.options), counting(10**9), seconds=0.1)
    assert done.status == 504


def test_the_contract_streams_what_an_action_of_rasa_streams(server: ActionServer) -> None:
    tester = ActionTester(server)
    answer = tester.stream("action_iterates", {"text": "hi"}, {"slots": {"count": 2}})
    assert [each[0]["name"] for each in answer.flushed] == ["chunk_start", "chunk", "chunk", "chunk_end"]
    assert answer.directives == [one for each in answer.flushed for one in each]
    assert answer.slots == {"interrupted": False}
    whole = tester.call("action_iterates", {"text": "hi"}, {"slots": {"count": 2}})
    assert whole.texts == ["0 ", "1 "]
    assert whole.slots == answer.slots


def test_a_native_turn_can_be_read_in_our_words(server: ActionServer) -> None:
    request, responder = native_turn(
        structs.replace(call_named("ours"), tracker={"sender_id": "ann", "latest_message": {"text": "hi"}})
    )
    assert request.text == "hi"
    assert dict(request)["text"] == "hi"
    assert responder.request is request
    assert (responder.events, responder.responses, responder.interrupted) == ([], [], set())
