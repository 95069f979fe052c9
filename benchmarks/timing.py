"""A round of calls: what one call takes, and the CPU of this process for it."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor


def blocking(call: Callable[[Any, Any], Any], work: Sequence[tuple[Any, Any]]) -> dict[str, float]:
    """Make calls one after the other."""
    cpu = time.process_time()
    times = _one_after_the_other(call, work)
    return _figures(time.process_time() - cpu, times)


async def asynchronous(call: Callable[[Any, Any], Any], work: Sequence[tuple[Any, Any]]) -> dict[str, float]:
    """Await calls one after the other."""
    cpu = time.process_time()
    times = await _awaited(call, work)
    return _figures(time.process_time() - cpu, times)


def threads(
    call: Callable[[Any, Any], Any], work: Sequence[tuple[Any, Any]], pool: Executor, count: int
) -> dict[str, float]:
    """Make calls on so many threads."""
    cpu, started = time.process_time(), time.perf_counter()
    parts = pool.map(lambda part: _one_after_the_other(call, part), _dealt(work, count))
    times = [each for part in parts for each in part]
    return _figures(time.process_time() - cpu, times, elapsed=time.perf_counter() - started)


async def tasks(
    call: Callable[[Any, Any], Any], work: Sequence[tuple[Any, Any]], count: int
) -> dict[str, float]:
    """Await calls in so many tasks."""
    cpu, started = time.process_time(), time.perf_counter()
    parts = await asyncio.gather(*(_awaited(call, part) for part in _dealt(work, count)))
    times = [each for part in parts for each in part]
    return _figures(time.process_time() - cpu, times, elapsed=time.perf_counter() - started)


def raw(waves: Callable[[int], list[float]], count: int, *, whole: bool = False) -> dict[str, float]:
    """Send so many requests by raw sockets.

    Args:
        waves: Sends.
        count: How many.
        whole: Give the figures of the whole round too, as for threads and tasks.
    """
    cpu, started = time.process_time(), time.perf_counter()
    times = waves(count)
    cpu, elapsed = time.process_time() - cpu, time.perf_counter() - started
    return _figures(cpu, times, elapsed=elapsed if whole else None)


def _figures(cpu: float, times: list[float], *, elapsed: float | None = None) -> dict[str, float]:
    figures = {"cpu_us": cpu / len(times) * 1e6, "p50_us": statistics.median(times) * 1e6}
    if elapsed is not None:
        figures["p99_us"] = sorted(times)[int(len(times) * 0.99)] * 1e6
        figures["call_us"] = elapsed / len(times) * 1e6
    return figures


def _one_after_the_other(call: Callable[[Any, Any], Any], work: Sequence[tuple[Any, Any]]) -> list[float]:
    times = []
    for request, responder in work:
        started = time.perf_counter()
        if not call(request, responder):
            raise RuntimeError("a measured call failed")
        times.append(time.perf_counter() - started)
    return times


async def _awaited(call: Callable[[Any, Any], Any], work: Sequence[tuple[Any, Any]]) -> list[float]:
    times = []
    for request, responder in work:
        started = time.perf_counter()
        if not await call(request, responder):
            raise RuntimeError("a measured call failed")
        times.append(time.perf_counter() - started)
    return times


def _dealt(work: Sequence[tuple[Any, Any]], hands: int) -> list[Sequence[tuple[Any, Any]]]:
    return [part for number in range(hands) if (part := work[number::hands])]
