"""The soak: 100 calls in flight, and blocking ones on threads, against faults that come at random.

    python -m faults_slow.soak --seconds 600

It ends with an error unless every call ended in success or one typed error, the responder of each failed one
is what it was, no key was executed twice, and sockets, tasks, threads, descriptors and memory are back where
they began. What Python holds is counted in blocks (`sys.getallocatedblocks`),
for memory in use is never given back whole.
"""

import argparse
import asyncio
import ctypes
import gc
import json
import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from faults_slow.child import descriptors, memory
from faults_slow.load import percentile, wait_until
from mm_actions import ActionResult, CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.errors import CircuitOpen, InvocationError, Overloaded

TIMEOUT = 1.0
ENGINES = {"curl": 60, "aiohttp": 20, "requests": 20}
"""Asynchronous calls in flight."""
THREADS = {"curl": 8, "aiohttp": 4, "requests": 4}
MIB = 1 << 20
SCATTERED = 32 * MIB
"""Memory that allocators keep once so many answers were in flight; it does not grow with their number."""
REFUSALS = (CircuitOpen.kind, Overloaded.kind)


class Tally:
    """What came of all calls; memory that does not grow with their number."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.overshoots: Counter[int] = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()

    def note(self, result: ActionResult, responder: DialogueResponder, elapsed: float) -> None:
        if result:
            right = responder.frame in ({"kept": 1, "done": True}, {"kept": 1})
        else:
            right = isinstance(result.error, InvocationError) and responder.frame == {"kept": 1}
            right = right and responder.directives == [] and responder.slots == {}
        with self._lock:
            self.kinds[result.kind] += 1
            self.overshoots[max(0, int((elapsed - TIMEOUT) * 1000))] += 1
            if not right:
                self.wrong.append(f"{result.kind}: {dict(responder)}")

    def overshoot(self, share: float) -> int:
        """Give the milliseconds beyond the deadline that this share of the calls stayed within."""
        rest = share * self.overshoots.total()
        for milliseconds in sorted(self.overshoots):
            rest -= self.overshoots[milliseconds]
            if rest <= 0:
                return milliseconds
        return max(self.overshoots, default=0)


class Soak:
    """One run.

    Args:
        seconds: How long.
        seed: Where chance begins.
    """

    def __init__(self, seconds: float, seed: int) -> None:
        self.seconds = seconds
        self.tally = Tally()
        self.memory: list[int] = []
        self._end = 0.0
        self._other = subprocess.Popen(
            [sys.executable, "-m", "faults_slow.soak_server", str(seed)],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._urls = self._hear()

    def run(self) -> dict[str, Any]:
        """Warm up, take the baseline, soak, and compare."""
        self._work_for(min(30.0, self.seconds / 2))
        before = self._state()
        self.tally = Tally()
        self.memory.clear()
        self._work_for(self.seconds)
        self._say()
        seen = self._hear()
        back = wait_until(
            lambda: all(now <= then for now, then in zip(self._state()[:3], before[:3], strict=True))
        )
        after = self._state()
        self._say()
        seen |= self._hear()
        self._other.wait(10)
        return {"before": before, "after": after, "back": back, **seen}

    def _state(self) -> tuple[int, int, int, int, int]:
        close_endpoints()
        gc.collect()
        give_back_memory()
        return descriptors(), threading.active_count(), sockets(), memory("VmRSS"), sys.getallocatedblocks()

    def _actions(self, engine: str) -> list[CustomAction]:
        """Through the proxy and not; with the figures as shipped, and with a breaker that never opens."""
        open_always = {"breaker": {"failures": 1_000_000, "success_ratio": 0}}
        common = {"engine": engine, "timeout": TIMEOUT, "idempotent": True}
        return [
            CustomAction("charge", {**common, "url": url, **more})
            for url in self._urls.values()
            for more in ({}, {"resilience": open_always})
        ]

    def _work_for(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        threads = [
            threading.Thread(target=self._blocking, args=(engine, number))
            for engine, count in THREADS.items()
            for number in range(count)
        ]
        for thread in threads:
            thread.start()
        asyncio.run(self._asynchronous())
        for thread in threads:
            thread.join()

    def _blocking(self, engine: str, number: int) -> None:
        actions = self._actions(engine)
        while time.monotonic() < self._end:
            number += 1
            responder = DialogueResponder(frame={"kept": 1})
            began = time.monotonic()
            result = actions[number % len(actions)].invoke(Request(), responder)
            self.tally.note(result, responder, time.monotonic() - began)
            if result.kind in REFUSALS:
                time.sleep(0.05)

    async def _asynchronous(self) -> None:
        async def work(actions: list[CustomAction], number: int) -> None:
            while time.monotonic() < self._end:
                number += 1
                responder = DialogueResponder(frame={"kept": 1})
                began = time.monotonic()
                call = actions[number % len(actions)].invoke_async(Request(), responder)
                if number % 10 == 0:  # one that goes away
                    task = asyncio.ensure_future(call)
                    await asyncio.wait([task], timeout=0.003)
                    if not task.done():
                        task.cancel()
                        await asyncio.wait([task])
                        self.tally.kinds["cancelled"] += 1
                        continue
                    result = task.result()
                else:
                    result = await call
                self.tally.note(result, responder, time.monotonic() - began)
                if result.kind in REFUSALS:
                    await asyncio.sleep(0.05)

        async def watch() -> None:
            while time.monotonic() < self._end:
                self.memory.append(memory("VmRSS"))
                await asyncio.sleep(1)

        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            for engine, count in ENGINES.items():
                actions = self._actions(engine)
                for number in range(count):
                    group.create_task(work(actions, number))
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left: {left}"

    def _hear(self) -> dict[str, Any]:
        assert self._other.stdout is not None
        return json.loads(self._other.stdout.readline())

    def _say(self) -> None:
        assert self._other.stdin is not None
        self._other.stdin.write("\n")
        self._other.stdin.flush()


def give_back_memory() -> None:
    """Have glibc return what it keeps for later, so that what is left is in use."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def sockets() -> int:
    """Count the sockets that are open."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            count += link.readlink().name.startswith("socket:")
        except FileNotFoundError:  # the one that lists them
            continue
    return count


def written(state: tuple[int, int, int, int, int]) -> str:
    """Write what the process holds."""
    fds, threads, socks, rss, blocks = state
    return f"{fds} descriptors, {socks} sockets, {threads} threads, {blocks} blocks, {rss / MIB:.1f} MiB"


def report(soak: Soak, figures: dict[str, Any]) -> list[str]:
    """Write the table."""
    tally = soak.tally
    most = tally.overshoot(1)
    quarter = max(1, len(soak.memory) // 4)
    early, late = percentile(soak.memory[:quarter], 0.5), percentile(soak.memory[-quarter:], 0.5)
    return [
        f"soak of {soak.seconds:g} s: {tally.kinds.total()} calls, {figures['requests']} requests",
        "  " + ", ".join(f"{kind} {count}" for kind, count in tally.kinds.most_common()),
        f"  overshoot of the deadline: p99 {tally.overshoot(0.99)} ms, max {most} ms",
        f"  {figures['keys']} keys, executed {figures['most']} times at most",
        f"  before: {written(figures['before'])}",
        f"  after: {written(figures['after'])}",
        f"  connections left at the server: {figures['open']}",
        f"  memory under load: first quarter {early / MIB:.1f} MiB, last quarter {late / MIB:.1f} MiB",
    ]


def soak_for(seconds: float, seed: int) -> list[str]:
    """Soak, and give the table.

    Raises:
        AssertionError: Something was left behind, merged in part or done twice.
    """
    logging.disable(logging.ERROR)
    soak = Soak(seconds, seed)
    figures = soak.run()
    lines = report(soak, figures)
    problems = "\n".join(lines)
    before, after = figures["before"], figures["after"]
    assert soak.tally.wrong == [], problems
    assert figures["back"], problems
    assert figures["open"] == 0, problems
    assert figures["most"] == 1, problems
    assert after[3] - before[3] < SCATTERED, problems
    assert after[4] - before[4] < 2000, problems
    assert soak.tally.kinds["ok"] > 0.2 * soak.tally.kinds.total(), problems
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.stdout.write("\n".join(soak_for(arguments.seconds, arguments.seed)) + "\n")
