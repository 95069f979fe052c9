"""How far a call overshoots its deadline, over 1,000 runs of each fault that lasts."""

import pytest

from faults_slow.child import run_child
from faults_slow.load import percentile, spread
from mm_actions.errors import DeadlineExceeded
from mm_actions.testing import Answer, Dribble, FaultServer, Hang, Send

LONG = Answer(json={"frame": {"text": "x" * 2000}})
FAULTS = {
    "hang": Hang(),
    "slow head": Dribble(LONG, chunk=1, interval=0.1),
    "slow body": (Send(LONG.head()), Dribble(LONG.wire()[len(LONG.head()) :], chunk=1, interval=0.1)),
}


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("engine", ["curl", "requests", "aiohttp"])
@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_call_ends_at_its_deadline(engine, colour, fault, show):
    with FaultServer(FAULTS[fault], keep=0) as server:
        figures = run_child(
            "deadline_program",
            url=f"{server.url}/action",
            engine=engine,
            colour=colour,
            timeout=0.3,
            calls=1000,
            at_once=50,
        )
    assert figures["kinds"] == [DeadlineExceeded.kind]
    overshoot = figures["overshoot"]
    assert len(overshoot) == 1000
    show(f"deadline overshoot, {fault}, {engine} {colour}: {spread(overshoot)}")
    assert min(overshoot) > -0.01, "gave up before the time was up"
    assert percentile(overshoot, 0.99) <= 0.05
    if engine == "curl":
        assert max(overshoot) <= 0.05
