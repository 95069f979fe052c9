from __future__ import annotations

import asyncio
import selectors
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import PATIENCE, until

from mm_actions.server import (
    ActionError,
    ActionServer,
    Found,
    MemoryKeys,
    Reply,
    SqliteKeys,
    State,
    Unavailable,
)
from mm_actions.server.keys.store import LEASE
from mm_actions.testing.action_tester import ActionTester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mm_actions.server import KeyStore

KEY = {"Idempotency-Key": "key-1"}
REPLY = Reply(status=200, body=b"{}", headers=((b"a", b"b"),))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[KeyStore]:
    made: KeyStore
    made = (
        MemoryKeys(clock=clock) if request.param == "memory" else SqliteKeys(tmp_path / "keys", clock=clock)
    )
    yield made
    asyncio.run(made.close())


class Ledger:
    """An action that writes down what it does."""

    def __init__(self, store: KeyStore | None, act: Callable[..., Any] | None = None, **options: Any) -> None:
        self.runs = 0
        declared = {name: options.pop(name) for name in ("idempotent", "timeout") if name in options}
        server = ActionServer(keys=store, **options)

        @server.action("act", **declared)
        async def handler(request, responder):
            self.runs += 1
            responder.frame["run"] = self.runs
            if act is not None:
                await act()

        self.tester = ActionTester(server)

    async def call(self, text: str = "a", **headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.tester.call_async("act", {"text": text}, headers={**KEY, **names})


async def exercise(store: KeyStore, clock: Clock) -> None:
    async def begin(holder: str, body: bytes = b"body", *, take_over: bool = False) -> Found:
        return await store.begin("key", body, holder, take_over=take_over)

    assert (await begin("one")).state is State.BEGUN
    assert (await begin("two")).state is State.RUNNING
    assert (await begin("two", b"other")).state is State.OTHER_BODY
    clock.now += LEASE - 1
    await store.renew("key", "one")
    clock.now += LEASE - 1
    assert (await begin("two")).state is State.RUNNING
    clock.now += 1
    assert (await begin("two")).state is State.LOST
    assert (await begin("two", take_over=True)).state is State.BEGUN
    await store.finish("key", "one", REPLY)
    await store.release("key", "one")
    await store.renew("key", "one")
    assert (await begin("three")).state is State.RUNNING
    await store.finish("key", "two", REPLY)
    assert await begin("three") == Found(state=State.STORED, reply=REPLY)
    assert (await begin("three", b"other")).state is State.OTHER_BODY
    clock.now += 24 * 3600 - 1
    assert (await begin("three")).state is State.STORED
    clock.now += 1
    assert (await begin("three", b"other")).state is State.BEGUN
    await store.release("key", "three")
    assert (await begin("four")).state is State.BEGUN


def test_a_store_keeps_what_it_is_told(store: KeyStore, clock: Clock) -> None:
    asyncio.run(exercise(store, clock))


def test_a_store_in_memory_is_bounded_by_count_and_by_size(clock: Clock) -> None:
    async def main() -> None:
        few, small = MemoryKeys(most=3), MemoryKeys(most_bytes=10_000)
        for number in range(20):
            for store in (few, small):
                await store.begin(str(number), b"", "me", take_over=False)
                await store.finish(str(number), "me", Reply(status=200, body=b"x" * 1500))
        assert (len(few), len(small)) == (3, 4)
        assert (await few.begin("19", b"", "me", take_over=False)).state is State.STORED
        assert (await few.begin("0", b"", "me", take_over=False)).state is State.BEGUN

    asyncio.run(main())


def test_a_repeat_is_answered_from_the_store(store: KeyStore) -> None:
    async def main() -> None:
        ledger = Ledger(store)
        first, second = await ledger.call(), await ledger.call()
        assert first.body == second.body
        assert ledger.runs == 1
        assert "idempotent-replayed" not in first.headers
        assert second.headers["idempotent-replayed"] == "true"

    asyncio.run(main())


def test_without_a_key_and_with_another_one_a_call_is_carried_out(store: KeyStore) -> None:
    async def main() -> None:
        ledger = Ledger(store)
        await ledger.call()
        await ledger.call(Idempotency_Key="key-2")
        await ledger.tester.call_async("act", {"text": "a"})
        await ledger.tester.call_async("act", {"text": "a"})
        assert ledger.runs == 4

    asyncio.run(main())


def test_the_same_key_with_another_body_is_a_mistake(store: KeyStore) -> None:
    async def main() -> None:
        ledger = Ledger(store)
        await ledger.call("a")
        tested = await ledger.call("b")
        assert tested.status == 422
        assert tested.problem.type == "urn:mm-actions:problem:idempotency-mismatch"
        assert ledger.runs == 1

    asyncio.run(main())


def test_fifty_at_once_are_carried_out_once_and_share_the_answer(store: KeyStore) -> None:
    async def main() -> None:
        release = asyncio.Event()
        ledger = Ledger(store, release.wait)
        calls = [asyncio.create_task(ledger.call()) for _ in range(50)]
        await until(lambda: ledger.runs)
        release.set()
        answers = await asyncio.gather(*calls)
        assert {answer.body for answer in answers} == {answers[0].body}
        assert answers[0].status == 200
        assert ledger.runs == 1

    asyncio.run(main())


def test_a_caller_that_may_not_wait_is_told_of_the_conflict(store: KeyStore) -> None:
    async def main() -> None:
        release = asyncio.Event()
        ledger = Ledger(store, release.wait)
        first = asyncio.create_task(ledger.call())
        await until(lambda: ledger.runs)
        second = await ledger.call(X_MM_Timeout_Ms="30")
        assert (second.status, second.headers["retry-after"]) == (409, "1")
        assert second.problem.type == "urn:mm-actions:problem:in-progress"
        release.set()
        assert (await first).status == 200
        assert ledger.runs == 1

    asyncio.run(main())


def failing(error: BaseException) -> Callable[..., Any]:
    async def act() -> None:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "idempotent", "runs"),
    [
        (ActionError(404), False, 1),
        (ActionError(422), True, 1),
        (ActionError(500), False, 1),
        (ActionError(500), True, 2),
        (ValueError("?"), False, 1),
        (ValueError("?"), True, 2),
        (Unavailable(), False, 2),
        (ActionError(429), False, 2),
    ],
    ids=repr,
)
def test_a_failure_is_kept_unless_a_repeat_is_harmless_or_invited(
    error: BaseException, *, idempotent: bool, runs: int
) -> None:
    async def main() -> None:
        ledger = Ledger(None, failing(error), idempotent=idempotent)
        first, second = await ledger.call(), await ledger.call()
        assert first.status == second.status
        assert ledger.runs == runs

    asyncio.run(main())


def test_a_call_that_was_never_started_is_not_kept() -> None:
    async def main() -> None:
        server = ActionServer()
        runs = []

        @server.action
        def act(request, responder, size: int):
            runs.append(size)

        tester = ActionTester(server)
        for _ in range(2):
            assert (await tester.call_async("act", headers=KEY)).status == 422
        body = {"entities": [{"type": "size", "value": 5}]}
        assert (await tester.call_async("act", body, headers=KEY)).status == 200
        assert runs == [5]

    asyncio.run(main())


def test_a_thread_that_goes_on_holds_its_key_and_its_answer_is_kept(gate: threading.Event) -> None:
    async def main() -> None:
        server = ActionServer()
        runs = []

        @server.action(timeout=0.05)
        def act(request, responder):
            runs.append(1)
            gate.wait(PATIENCE)
            responder.reply("in the end")

        tester = ActionTester(server)
        assert (await tester.call_async("act", headers=KEY)).status == 504
        assert (await tester.call_async("act", headers=KEY)).status == 409
        gate.set()
        await until(lambda: not tester.host.counts().threads_abandoned)
        assert (await tester.call_async("act", headers=KEY)).texts == ["in the end"]
        assert runs == [1]

    asyncio.run(main())


class Leaping(selectors.DefaultSelector):
    """Where an event loop would wait for its next timer, it finds that the time has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(timeout and 0)
        if not ready and timeout:
            self.passed += timeout
        return ready


class Hurried(asyncio.SelectorEventLoop):
    """An event loop that does not wait for its timers, though each comes at its time."""

    def __init__(self) -> None:
        self._leaping = Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return super().time() + self._leaping.passed


@pytest.mark.parametrize("failing_store", [False, True])
def test_a_long_call_renews_its_lease_until_it_ends(
    caplog: pytest.LogCaptureFixture, *, failing_store: bool
) -> None:
    renewed: list[str] = []

    class Watched(MemoryKeys):
        async def renew(self, key: str, holder: str) -> None:
            renewed.append(key)
            if failing_store:
                raise OSError("disk full")

    async def main() -> None:
        release = asyncio.Event()
        ledger = Ledger(Watched(), release.wait, timeout=10_000)
        call = asyncio.create_task(ledger.call())
        for _ in range(10_000):
            if len(renewed) >= 3:
                break
            await asyncio.sleep(1)
        release.set()
        assert (await call).status == 200
        count = len(renewed)
        await asyncio.sleep(3 * LEASE)
        assert len(renewed) == count >= 3

    with asyncio.Runner(loop_factory=Hurried) as runner:
        runner.run(main())
    assert set(renewed) == {"key-1"}
    assert ("failed to renew" in caplog.text) == failing_store


class Broken:
    """A store that is out of order."""

    def __init__(self, *broken: str) -> None:
        self._store = MemoryKeys()
        self._broken = broken

    def __getattr__(self, name: str) -> Any:
        if name in self._broken:
            raise OSError("disk full: /var/lib/keys")
        return getattr(self._store, name)


@pytest.mark.parametrize(("required", "status", "runs"), [(True, 503, 0), (False, 200, 1)])
def test_while_the_store_fails_keys_are_required_or_not(
    caplog: pytest.LogCaptureFixture, *, required: bool, status: int, runs: int
) -> None:
    async def main() -> None:
        ledger = Ledger(Broken("begin"), keys_required=required)  # type: ignore[arg-type] # it hands all on
        tested = await ledger.call()
        assert tested.status == status
        assert ledger.runs == runs
        assert b"disk full" not in tested.body

    asyncio.run(main())
    assert "store of idempotency keys failed" in caplog.text


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        ledger = Ledger(Broken("finish"))  # type: ignore[arg-type] # it hands all on
        assert (await ledger.call()).status == 200
        assert (await ledger.call(X_MM_Timeout_Ms="30")).status == 409
        assert ledger.runs == 1

    asyncio.run(main())
    assert "failed to keep an answer" in caplog.text


@pytest.mark.parametrize(
    ("options", "runs"), [({}, 0), ({"idempotent": True}, 1), ({"rerun_unknown": True}, 1)], ids=str
)
def test_a_call_whose_process_died_is_repeated_only_where_that_is_allowed(
    store: KeyStore, clock: Clock, options: dict[str, Any], runs: int
) -> None:
    async def main() -> None:
        dead = Ledger(store, asyncio.Event().wait)
        call = asyncio.create_task(dead.call())
        await until(lambda: dead.runs)
        call.cancel()
        await asyncio.wait({call})
        ledger = Ledger(store, **options)
        assert (await ledger.call(X_MM_Timeout_Ms="30")).status == 409
        clock.now += LEASE
        tested = await ledger.call()
        assert ledger.runs == runs
        if not runs:
            assert (tested.status, tested.headers["x-mm-should-retry"]) == (500, "false")
            assert tested.problem.type == "urn:mm-actions:problem:outcome-unknown"

    asyncio.run(main())
