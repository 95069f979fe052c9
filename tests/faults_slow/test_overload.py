"""More calls than a server can take."""

import heapq
import threading
import time

import pytest

from faults_slow.load import OpenLoop, percentile, spread
from mm_actions import CustomAction
from mm_actions.errors import Overloaded
from mm_actions.testing import Answer, FaultServer, Wait


class Workers:
    """A server's script: so many workers, each busy for so long with a request, the others in line.

    Args:
        count: Workers.
        seconds: How long one is busy with a request.
    """

    def __init__(self, count: int, seconds: float) -> None:
        self.capacity = count / seconds
        self._seconds = seconds
        self._free_at = [0.0] * count

    def __call__(self, _request: object, _number: int) -> tuple[Wait, Answer]:
        now = time.monotonic()
        done = max(now, heapq.heappop(self._free_at)) + self._seconds
        heapq.heappush(self._free_at, done)
        return Wait(done - now), Answer(json={})


SIZES = {"as shipped": {"limit": 100, "queue": 100}, "fitted to the server": {"limit": 10, "queue": 10}}


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("size", list(SIZES))
def test_at_twice_its_capacity_a_server_is_kept_busy_and_the_excess_refused_at_once(size, colour, show):
    workers = Workers(10, 0.1)
    normal = workers.capacity / 2
    with FaultServer(workers, keep=0) as server:
        action = CustomAction("greet", {"url": server.url, "resilience": {"bulkhead": SIZES[size]}})
        with OpenLoop(action, colour, normal) as load:
            before = load.run_for(3)
            load.rate = workers.capacity * 2
            load.run_for(3)  # the queues fill up
            began = time.monotonic()
            overloaded = load.run_for(15)
            lasted = time.monotonic() - began
            load.rate = normal
            eased = time.monotonic()
            after = load.run_for(6)
    good = [each for each in overloaded if each.ok]
    refused = [each.elapsed for each in overloaded if each.kind == Overloaded.kind]
    goodput = len(good) / lasted / workers.capacity
    recovery = max((each.ended for each in after if not each.ok), default=eased) - eased
    quick = max((each.began for each in after if each.elapsed > 0.25), default=eased) - eased
    show(
        f"twice the capacity, bulkhead {size}, {colour}: {goodput:.1%} of capacity succeeds "
        f"({spread([each.elapsed for each in good])}); {len(refused)} refused ({spread(refused)}); "
        f"last refusal {recovery:.1f} s after, last slow call {quick:.1f} s after"
    )
    assert all(each.ok for each in before)
    assert {each.kind for each in overloaded} == {"ok", Overloaded.kind}
    assert goodput >= 0.9
    assert percentile(refused, 0.99) < 0.005
    assert recovery <= 2
    if size == "fitted to the server":
        assert percentile([each.elapsed for each in good], 0.99) <= 0.25, "twice the normal, and a margin"
        assert quick <= 2


def test_ten_times_the_capacity_for_five_seconds_is_survived(show):
    workers = Workers(10, 0.1)
    with FaultServer(workers, keep=0) as server:
        action = CustomAction("greet", {"url": server.url})
        with OpenLoop(action, "async", workers.capacity * 10) as load:
            load.run_for(5)
            overloaded = list(load.done)
            load.rate = workers.capacity / 2
            load.run_for(2.5)
            after = load.run_for(3)
    refused = [each.elapsed for each in overloaded if each.kind == Overloaded.kind]
    show(f"ten times the capacity: {len(overloaded)} calls, {len(refused)} refused ({spread(refused)})")
    assert {each.kind for each in overloaded} == {"ok", Overloaded.kind}
    assert all(each.ok for each in after)
    assert threading.active_count() < 10
