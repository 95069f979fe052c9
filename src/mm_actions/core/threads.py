"""Threads for what a blocking caller wants done at once.

They stay a while: to start one takes several times as long as to give one that waits something to do, and of
sixteen calls at once the last one waits for fifteen starts.
"""

from __future__ import annotations

import os
import threading
from itertools import count
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

_Work: TypeAlias = "tuple[Callable[[], object], Callable[[], object]]"


class Threads:
    """As many threads as are at work at the same time, and those that were a moment ago.

    They are daemons: work that does not end keeps no process from ending.

    Args:
        patience: Seconds that a thread waits for more work before it ends.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._idle: list[SimpleQueue[_Work]] = []
        self._numbers = count(1)

    def begin(self, work: Callable[[], object], done: Callable[[], object]) -> None:
        """Begin work on a thread that has nothing else to do, started if there is none.

        Args:
            work: Raises nothing.
            done: Called on that thread when the work has ended and the thread is free for more.
        """
        try:
            inbox = self._idle.pop()
        except IndexError:
            inbox = SimpleQueue()
            name = f"mm-actions-parallel-{next(self._numbers)}"
            threading.Thread(target=self._serve, args=(inbox,), name=name, daemon=True).start()
        inbox.put((work, done))

    def forget_parent(self) -> None:
        """Start anew in a forked child, in which no thread goes on."""
        self._idle.clear()

    def _serve(self, inbox: SimpleQueue[_Work]) -> None:
        while True:
            try:
                work, done = inbox.get(timeout=self._patience)
            except Empty:
                try:
                    self._idle.remove(inbox)
                except ValueError:
                    continue  # it was chosen at this moment: the work is on its way
                return
            work()
            self._idle.append(inbox)
            done()
            del work, done


threads = Threads(10.0)
os.register_at_fork(after_in_child=threads.forget_parent)
