"""A pytest plugin: a test process that hangs is ended, with a stack of each of its threads, whatever it does.

pytest-timeout ends a test from a thread of Python. That thread never runs where native code waits while it
holds the interpreter's lock, and then the processes beside it wait for ever. Half a minute after a test's
timeout, this ends its process from a thread that needs no interpreter. Load it with ``-p tools.no_hangs``.

A run of several processes that lost one ends with the exit code ``LOST``, as some tests did not run.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

MARGIN = 30.0
"""Seconds between the timeout of a test and the end of its process."""

SILENCE = 1000.0
"""Seconds without any result, longer than any test may take, that end a run of several processes."""

LOST = 70
"""The exit code of a run in which a process of tests crashed."""

_stderr = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the way to the terminal, which is captured while a test runs."""
    config.stash[_stderr] = os.dup(sys.stderr.fileno())
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Controller(config.stash[_stderr]))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close it."""
    os.close(config.stash[_stderr])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch one test with its fixtures."""
    marker = item.get_closest_marker("timeout")
    limit = marker.args[0] if marker else item.config.getoption("timeout") or item.config.getini("timeout")
    faulthandler.dump_traceback_later(float(limit) + MARGIN, exit=True, file=item.config.stash[_stderr])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


class _Controller:
    """What runs no test itself and waits for the processes that do."""

    def __init__(self, stderr: int) -> None:
        self._stderr = stderr
        self._lost = False

    def pytest_runtest_logreport(self) -> None:
        """Begin to wait for the next result of any process."""
        faulthandler.dump_traceback_later(SILENCE, exit=True, file=self._stderr)

    def pytest_testnodedown(self, error: object) -> None:
        """Remember that a process of tests crashed."""
        self._lost = self._lost or bool(error)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Say so."""
        faulthandler.cancel_dump_traceback_later()
        if self._lost:
            session.exitstatus = LOST
