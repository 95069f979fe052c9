from __future__ import annotations

import math
import time

import pytest

from mm_actions.errors import ConfigurationError
from mm_actions.resilience import Deadline
from resilience.doubles import FakeClock


def test_a_deadline_is_absolute_however_often_it_is_asked():
    clock = FakeClock(100.0)
    deadline = Deadline.after(5.0, clock=clock)
    assert deadline.at == 105.0
    clock.now = 103.5
    assert deadline.remaining() == 1.5
    clock.now = 104.75
    assert deadline.remaining() == 0.25


def test_a_deadline_now_is_expired():
    assert Deadline.after(0, clock=FakeClock(7.0)).expired


@pytest.mark.parametrize("seconds", [-0.001, -math.inf, math.inf, math.nan])
def test_a_deadline_that_is_no_time_is_refused(seconds):
    with pytest.raises(ConfigurationError, match=r"A deadline of .* seconds cannot be met: write 0 or more"):
        Deadline.after(seconds, clock=FakeClock())


def test_the_earlier_of_two_deadlines_wins():
    clock = FakeClock()
    early, late = Deadline(1.0, clock), Deadline(2.0, clock)
    assert early.min_with(late) is early
    assert late.min_with(early) is early
    assert early.min_with(Deadline(1.0, clock)) is early


def test_a_shorter_time_within_a_deadline_ends_earlier_and_a_longer_one_with_it():
    clock = FakeClock(10.0)
    deadline = Deadline.after(5.0, clock=clock)
    clock.now = 11.0
    within = deadline.within(2.0)
    assert (within.at, within.clock) == (13.0, clock)
    assert deadline.within(60.0) is deadline


def test_the_clock_is_the_monotonic_one_unless_told():
    before = time.monotonic()
    deadline = Deadline.after(30.0)
    assert before + 30.0 <= deadline.at <= time.monotonic() + 30.0
    assert deadline.clock is time.monotonic
    assert Deadline(0.0).clock is time.monotonic
