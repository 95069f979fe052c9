"""What becomes of handlers whose callers leave, without a socket."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from tests.server.conftest import PATIENCE
from tests.server.test_stream_handlers import HANDLERS, flushing, flushing_async, said

from mm_actions.server import ActionServer
from mm_actions.server.calls.streaming import CallAbandoned
from mm_actions.testing.action_tester import ActionTester

KEY = {"Idempotency-Key": "key-1"}


def test_a_coroutine_whose_caller_leaves_is_cancelled(server: ActionServer, tester: ActionTester) -> None:
    ended: list[str] = []

    @server.action
    async def endless(request, responder):
        try:
            while True:
                responder.reply("more")
                await responder.flush()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    tested = tester.stream("endless", leave_after=3)
    assert ended == ["cancelled"]
    assert len(tested.flushed) == 3
    assert tested.problem is not None
    assert tested.problem.type == "urn:mm-actions:problem:abandoned"
    assert tester.host.counts().active == 0


def test_a_plain_function_whose_caller_leaves_ends_at_its_next_flush(
    server: ActionServer, tester: ActionTester
) -> None:
    ended = threading.Event()

    @server.action
    def endless(request, responder):
        try:
            while True:
                responder.reply("more")
                responder.flush()
        except CallAbandoned:
            ended.set()
            raise

    tested = tester.stream("endless", leave_after=3)
    assert ended.wait(PATIENCE)
    assert tested.problem is not None
    assert tested.problem.type == "urn:mm-actions:problem:abandoned"


def test_generators_whose_caller_leaves_are_closed(server: ActionServer, tester: ActionTester) -> None:
    plain, asynchronous = threading.Event(), threading.Event()

    @server.action
    def endless(request, responder):
        try:
            while True:
                responder.reply("more")
                yield
        finally:
            plain.set()

    @server.action
    async def endless_async(request, responder):
        try:
            while True:
                responder.reply("more")
                yield
        finally:
            asynchronous.set()

    assert tester.stream("endless", leave_after=2).status == 500
    assert plain.wait(PATIENCE)
    assert tester.stream("endless_async", leave_after=2).status == 500
    assert asynchronous.wait(PATIENCE)


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_action_may_finish_without_its_caller(
    server: ActionServer, tester: ActionTester, handler: Any
) -> None:
    server.action("count", on_disconnect="finish")(handler)

    async def main() -> None:
        tested = await tester.stream_async("count", headers=KEY, leave_after=1)
        assert [said(directives) for directives in tested.flushed] == [["one"]]
        assert (tested.texts, tested.frame) == (["one", "two", "three"], {"words": 3})
        again = await tester.stream_async("count", headers=KEY)
        assert (again.body, again.flushed) == (tested.body, [])
        assert again.headers == {"idempotent-replayed": "true"}

    asyncio.run(main())


@pytest.mark.parametrize("handler", [flushing, flushing_async])
def test_an_abandoned_call_is_carried_out_again_only_if_that_does_no_harm(
    server: ActionServer, tester: ActionTester, handler: Any
) -> None:
    server.action("once")(handler)
    server.action("often", idempotent=True)(handler)

    async def main() -> None:
        for name, status in (("once", 500), ("often", 200)):
            key = {"Idempotency-Key": name}
            assert (await tester.stream_async(name, headers=key, leave_after=1)).status == 500
            assert (await tester.stream_async(name, headers=key)).status == status

    asyncio.run(main())


def test_a_coroutine_that_goes_on_without_its_caller_learns_of_it(
    server: ActionServer, tester: ActionTester
) -> None:
    async def main() -> None:
        learnt: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        @server.action
        async def stubborn(request, responder):
            responder.reply("one")
            try:
                await responder.flush()
            except asyncio.CancelledError:
                try:
                    await responder.flush()
                except CallAbandoned:
                    learnt.set_result("abandoned")

        await tester.stream_async("stubborn", leave_after=1)
        assert await asyncio.wait_for(learnt, PATIENCE) == "abandoned"

    asyncio.run(main())
