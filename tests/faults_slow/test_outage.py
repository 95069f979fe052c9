"""What a server that is down gets to see, and how soon it is used again."""

import pytest

from faults_slow.load import OpenLoop, spread
from mm_actions import CustomAction
from mm_actions.errors import CircuitOpen
from mm_actions.resilience import BudgetPolicy
from mm_actions.testing import Answer, FaultServer

RATE, OUTAGE = 100, 20.0


def break_down(server: FaultServer, how: str) -> None:
    if how == "500":
        server.play(Answer(500, json={}))
    else:
        server.refuse()
        server.drop_connections()


def repair(server: FaultServer) -> None:
    server.play(Answer(json={}))
    server.restore()


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("how", ["500", "refused"])
def test_in_an_outage_a_server_is_left_alone_and_then_used_again(how, colour, show):
    with FaultServer(keep=0) as server:
        action = CustomAction("greet", {"url": server.url, "idempotent": True})
        with OpenLoop(action, colour, RATE) as load:
            healthy = load.run_for(2)
            assert all(each.ok for each in healthy)
            calls, seen = len(load.done), server.request_count
            break_down(server, how)
            load.run_for(OUTAGE)
            failed = [each for each in load.done[calls:] if not each.ok]
            seen = server.request_count - seen
            if how == "refused":  # the server cannot count what it would have got
                seen = sum(each.attempts for each in failed if each.kind != CircuitOpen.kind)
            reached = seen / len(failed)
            waits = [
                each.retry_after for each in failed if each.kind == CircuitOpen.kind and each.retry_after
            ]
            repair(server)
            repaired = load.done[-1].ended
            left = next(each.retry_after for each in reversed(failed) if each.retry_after)
            after = load.run_for(left + 2)
        first = next(each.ended for each in after if each.ok)
        later = [each for each in after if each.began > first]
    show(
        f"outage ({how}), {colour}: {len(failed)} calls, {seen} requests, longest open period "
        f"{max(waits):.1f} s; {first - repaired:.1f} s from repair to success, "
        f"{left:.1f} s of the period were left"
    )
    refusals = [each.elapsed for each in failed if each.kind == CircuitOpen.kind]
    show(f"  refused while the circuit is open: {spread(refusals)}")
    assert len(failed) > RATE * OUTAGE * 0.9
    assert reached <= 1.2
    assert first - repaired <= left + 1
    assert later
    assert all(each.ok for each in later)


def test_in_an_outage_the_budget_alone_bounds_the_retries(show):
    """The breaker put aside, so that every call goes out, and every one may be tried again."""
    figures = {"retry": {"base": 0.001}, "breaker": {"failures": 1_000_000, "success_ratio": 0}}
    with FaultServer(Answer(500, json={}), keep=0) as server:
        action = CustomAction("greet", {"url": server.url, "idempotent": True, "resilience": figures})
        with OpenLoop(action, "async", RATE) as load:
            load.run_for(OUTAGE)
        reached = server.request_count / len(load.done)
        show(f"outage without a breaker: {len(load.done)} calls, {reached:.3f} requests a call")
        windows = OUTAGE / BudgetPolicy().window + 1  # in each of which there are 3 retries beside the share
        assert server.request_count <= 1.2 * len(load.done) + 3 * windows
