from __future__ import annotations

import threading
from queue import SimpleQueue

from forking import holds_in_child
from mm_actions.core.threads import Threads

PATIENCE = 20


def used(threads: Threads, times: int = 1) -> list[threading.Thread]:
    """Have so much work done at once, and give the threads that did it."""
    together, did, done = threading.Barrier(times), SimpleQueue(), SimpleQueue()

    def work():
        together.wait(PATIENCE)
        did.put(threading.current_thread())

    for _ in range(times):
        threads.begin(work, lambda: done.put(None))
    for _ in range(times):
        done.get(timeout=PATIENCE)
    return [did.get_nowait() for _ in range(times)]


def test_work_at_once_has_a_thread_each_and_the_next_finds_them_free():
    threads = Threads(PATIENCE)
    first = set(used(threads, 5))
    assert len(first) == 5
    for _ in range(100):
        assert set(used(threads, 5)) == first
    assert {*used(threads)} < first


def test_a_thread_without_work_ends_and_is_replaced_when_it_is_needed():
    threads = Threads(0.01)
    for _ in range(50):
        (thread,) = used(threads)
        assert thread.daemon
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert used(threads) != [thread]


def test_work_that_comes_as_its_thread_is_about_to_end_is_done():
    threads = Threads(0.0001)
    for _ in range(500):
        assert len(used(threads)) == 1


def test_a_forked_child_has_threads_of_its_own():
    threads = Threads(PATIENCE)
    used(threads, 3)

    def works() -> bool:
        threads.forget_parent()
        return len(used(threads, 3)) == 3

    assert holds_in_child(works)
