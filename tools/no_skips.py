"""A pytest plugin: under ``CI=true`` a skipped test is a failure.

On a developer's machine a test may be skipped because a browser or a Java runtime is missing. Where the
result decides about a release, a test that did not run proves nothing. Load it with ``-p tools.no_skips``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a passing session with skipped tests into a failing one."""
    reporter: TerminalReporter | None = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = len(reporter.stats.get("skipped", ()))
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line("")
        reporter.write_line(f"CI=true: {skipped} skipped, and nothing may be skipped here", red=True)
