"""How long a call may take, how many there may be, and what becomes of those beyond."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from tests.server.conftest import PATIENCE, until

from mm_actions.server import ActionServer
from mm_actions.testing.action_tester import ActionTester


def test_a_coroutine_that_never_ends_is_cancelled_at_the_deadline(
    server: ActionServer, tester: ActionTester
) -> None:
    ended = []

    @server.action(timeout=0.05)
    async def endless(request, responder):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    tested = tester.call("endless")
    assert tested.status == 504
    assert tested.problem is not None
    assert tested.problem.type == "urn:mm-actions:problem:timeout"
    assert ended == ["cancelled"]
    assert tester.host.counts().tasks_abandoned == 0


def test_the_shorter_of_the_two_limits_counts(server: ActionServer, tester: ActionTester) -> None:
    @server.action(timeout=60)
    async def endless(request, responder):
        await asyncio.Event().wait()

    begun = time.monotonic()
    assert tester.call("endless", headers={"X-MM-Timeout-Ms": "50"}).status == 504
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("given", ["", "0", "soon", "-5", "1.5", "05", "9999999999", "٣"])
def test_a_limit_that_is_no_number_of_milliseconds_is_a_bad_request(
    server: ActionServer, tester: ActionTester, given: str
) -> None:
    server.action("act")(lambda request, responder: None)
    assert tester.call("act", headers={"X-MM-Timeout-Ms": given}).status == 400


def test_a_coroutine_that_ignores_its_cancellation_keeps_nobody_waiting(
    server: ActionServer, tester: ActionTester
) -> None:
    async def main() -> None:
        release = asyncio.Event()
        over = asyncio.Event()

        @server.action(timeout=0.05)
        async def stubborn(request, responder):
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue
            over.set()

        assert (await tester.call_async("stubborn")).status == 504
        assert tester.host.counts().tasks_abandoned == 1
        release.set()
        await asyncio.wait_for(over.wait(), PATIENCE)
        await asyncio.sleep(0)
        assert tester.host.counts().tasks_abandoned == 0

    asyncio.run(main())


def test_a_handler_may_use_time_limits_of_its_own(server: ActionServer, tester: ActionTester) -> None:
    @server.action(timeout=5)
    async def patient(request, responder):
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            responder.reply("gave up")
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            responder.reply("and went on")
        await asyncio.sleep(0)

    assert tester.call("patient").texts == ["gave up", "and went on"]


def test_a_caller_that_is_cancelled_cancels_the_handler(server: ActionServer, tester: ActionTester) -> None:
    async def main() -> None:
        started, ended = asyncio.Event(), asyncio.Event()

        @server.action
        async def endless(request, responder):
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        call = asyncio.create_task(tester.call_async("endless"))
        await asyncio.wait_for(started.wait(), PATIENCE)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert ended.is_set()
        assert tester.host.counts().active == 0

    asyncio.run(main())


def test_a_thread_that_is_not_given_back_is_counted_and_keeps_nobody_waiting(
    server: ActionServer, tester: ActionTester, gate: threading.Event
) -> None:
    returned = threading.Event()

    @server.action(timeout=0.05)
    def stuck(request, responder):
        gate.wait(PATIENCE)
        returned.set()

    async def main() -> None:
        assert (await tester.call_async("stuck")).status == 504
        assert tester.host.counts().threads_abandoned == 1
        assert tester.host.counts().threads_busy == 1
        gate.set()
        await asyncio.to_thread(returned.wait, PATIENCE)
        await until(lambda: not tester.host.counts().threads_abandoned)

    asyncio.run(main())
    assert not tester.host.overloaded


def test_when_all_threads_are_held_further_calls_are_refused_and_no_thread_is_added(
    gate: threading.Event,
) -> None:
    server = ActionServer(threads=2, thread_queue=1, thread_wait=0.05)
    started: list[int] = []

    @server.action(timeout=0.2)
    def stuck(request, responder):
        started.append(1)
        gate.wait(PATIENCE)

    @server.action
    async def trivial(request, responder):
        responder.reply("here")

    tester = ActionTester(server)

    async def main() -> None:
        answers = await asyncio.gather(*(tester.call_async("stuck") for _ in range(20)))
        assert sorted(answer.status for answer in answers) == [503] * 18 + [504] * 2
        for answer in answers:
            if answer.status == 503:
                assert answer.headers["retry-after"] == "1"
                assert answer.problem is not None
                assert answer.problem.type == "urn:mm-actions:problem:overloaded"
        assert tester.host.counts().threads_busy == 2
        assert tester.host.overloaded
        assert (await tester.call_async("trivial")).texts == ["here"]

    asyncio.run(main())
    assert len(started) == 2


def test_a_call_that_waits_for_a_thread_gets_one(gate: threading.Event) -> None:
    server = ActionServer(threads=1, thread_queue=5, thread_wait=PATIENCE)
    names: list[str] = []

    @server.action
    def wait(request, responder):
        gate.wait(PATIENCE)
        names.append(threading.current_thread().name)

    tester = ActionTester(server)

    async def main() -> None:
        calls = [asyncio.create_task(tester.call_async("wait")) for _ in range(5)]
        await until(lambda: not (tester.host.counts().threads_waiting < 4))
        gate.set()
        assert {answer.status for answer in await asyncio.gather(*calls)} == {200}

    asyncio.run(main())
    assert names == ["mm-actions-handler-1"] * 5


def test_a_call_whose_time_is_up_before_a_thread_is_free_is_never_started(gate: threading.Event) -> None:
    server = ActionServer(threads=1, thread_wait=PATIENCE)
    started: list[str] = []

    @server.action
    def wait(request, responder):
        started.append(request.text)
        gate.wait(PATIENCE)

    tester = ActionTester(server)

    async def main() -> None:
        first = asyncio.create_task(tester.call_async("wait", {"text": "first"}))
        await asyncio.sleep(0)
        second = await tester.call_async("wait", {"text": "second"}, headers={"X-MM-Timeout-Ms": "50"})
        assert second.status == 503
        gate.set()
        assert (await first).status == 200

    asyncio.run(main())
    assert started == ["first"]


def test_more_calls_than_allowed_are_refused_at_once() -> None:
    server = ActionServer(concurrency=2)

    async def main() -> None:
        release = asyncio.Event()

        @server.action
        async def wait(request, responder):
            await release.wait()

        tester = ActionTester(server)
        calls = [asyncio.create_task(tester.call_async("wait")) for _ in range(2)]
        await until(lambda: not (tester.host.counts().active < 2))
        refused = await tester.call_async("wait")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        release.set()
        assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
        assert tester.host.counts().active == 0
        assert tester.host.counts().calls == 3

    asyncio.run(main())
