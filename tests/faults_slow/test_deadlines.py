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


LIMITS = {"curl": 0.05, "requests": 0.25, "aiohttp": 0.25}
"""Seconds. Beside curl, Python itself handles each byte of a dribbled answer, on one core for all calls."""

MEASUREMENTS = 3
"""Something else may make a small machine wait; it does not three times in a row."""


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("engine", list(LIMITS))
@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_call_ends_at_its_deadline(engine, colour, fault, show):
    arguments = {"engine": engine, "colour": colour, "timeout": 0.3, "calls": 1000, "at_once": 50}
    for _ in range(MEASUREMENTS):
        with FaultServer(FAULTS[fault], keep=0) as server:
            figures = run_child("deadline_program", url=f"{server.url}/action", **arguments)
        overshoot = figures["overshoot"]
        show(f"deadline overshoot, {fault}, {engine} {colour}: {spread(overshoot)}")
        assert figures["kinds"] == [DeadlineExceeded.kind]
        assert len(overshoot) == 1000
        assert min(overshoot) > -0.01, "gave up before the time was up"
        if max(overshoot) <= LIMITS[engine]:
            break
    assert percentile(overshoot, 0.5) <= 0.05
    assert max(overshoot) <= LIMITS[engine]
