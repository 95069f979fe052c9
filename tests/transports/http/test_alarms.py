"""Deadlines of blocking calls on one thread."""

import threading
import time

from forking import holds_in_child
from mm_actions.transports.http.alarms import Alarms


def wait_for_threads(wanted):
    pause, ends = threading.Event(), time.monotonic() + 10
    while watchers() != wanted:
        assert time.monotonic() < ends
        pause.wait(0.01)


def watchers():
    return sum(thread.name == "mm_actions-deadlines" for thread in threading.enumerate())


def test_alarms_ring_in_the_order_of_their_times_and_not_before():
    alarms, rung, done = Alarms(), [], threading.Event()
    now = time.monotonic()

    def ring(name):
        rung.append((name, time.monotonic() - now))
        if len(rung) == 3:
            done.set()

    for name, seconds in (("c", 0.09), ("a", 0.03), ("b", 0.06)):
        alarms.ring_at(now + seconds, lambda name=name: ring(name))
    assert done.wait(10)
    assert [name for name, _ in rung] == ["a", "b", "c"]
    assert all(after >= least for (_, after), least in zip(rung, (0.03, 0.06, 0.09), strict=True))


def test_an_alarm_that_was_cancelled_does_not_ring_and_keeps_nothing():
    alarms, rung, done = Alarms(), [], threading.Event()
    now = time.monotonic()
    alarms.ring_at(now + 0.02, lambda: rung.append(1)).cancel()
    alarms.ring_at(now + 0.04, done.set)
    assert done.wait(10)
    assert rung == []


def test_the_thread_ends_when_all_is_cancelled_though_the_times_are_far_off():
    wait_for_threads(0)
    alarms = Alarms()
    for alarm in [alarms.ring_at(time.monotonic() + 1000, list) for _ in range(5)]:
        alarm.cancel()
    wait_for_threads(0)
    done = threading.Event()
    alarms.ring_at(time.monotonic(), done.set)
    assert done.wait(10)


def test_a_forked_child_watches_its_own_deadlines():
    alarms = Alarms()
    alarm = alarms.ring_at(time.monotonic() + 1000, list)

    def rings() -> bool:
        done = threading.Event()
        alarms.ring_at(time.monotonic() + 0.01, done.set)
        return done.wait(10)

    assert holds_in_child(rings)
    alarm.cancel()
