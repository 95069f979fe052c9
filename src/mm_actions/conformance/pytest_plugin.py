"""The checks as tests of pytest; loaded by ``pytest --mm-url URL``, and never otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions.config import load_config
from mm_actions.conformance import ConformanceOptions, Examination, Shown
from mm_actions.errors import CustomActionException
from mm_actions.resilience import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mm_actions.config import ServerSettings
    from mm_actions.conformance import Check, Result


class NotKept(Exception):
    """A check failed.

    Args:
        result: How.
    """

    def __init__(self, result: Result) -> None:
        super().__init__(f"{result.check.id} {result.check.severity}: {result.reason}")
        self.result = result


class ConformanceTest(pytest.Item):
    """One check."""

    def __init__(self, *, check: Check, examination: Examination, strict: bool, **members: Any) -> None:
        super().__init__(**members)
        self.check = check
        self.examination = examination
        self.decisive = ("MUST", "SHOULD") if strict else ("MUST",)

    def runtest(self) -> None:
        """Make the check; a SHOULD that is not kept is an expected failure."""
        # Not since the collection: other tests may have run in between.
        self.examination.deadline = Deadline.after(self.examination.options.timeout)
        result = self.examination.make(self.check)
        if result.status == "skipped":
            pytest.skip(result.reason)
        if result.status == "failed":
            if self.check.severity not in self.decisive:
                pytest.xfail(
                    f"{self.check.severity} not kept: {Shown(self.examination.target).text(result.reason)}"
                )
            raise NotKept(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the exchange rather than a traceback of the kit."""
        error = excinfo.value
        if not isinstance(error, NotKept):
            return super().repr_failure(excinfo, style)
        shown, exchange = Shown(self.examination.target), error.result.exchange
        lines = [self.check.title, shown.text(str(error))]
        if exchange is not None:
            lines += [*shown.lines(exchange), "the same with curl:", shown.curl(exchange.request)]
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name the check."""
        return self.path, None, f"{self.check.id} {self.check.title}"


class Conformance(pytest.Collector):
    """All checks of a run."""

    def __init__(self, *, examination: Examination, strict: bool, **members: Any) -> None:
        super().__init__(**members)
        self._examination, self._strict = examination, strict

    def collect(self) -> Iterator[pytest.Item]:
        """Give a test for each check."""
        for check in self._examination.checks:
            yield ConformanceTest.from_parent(
                self,
                name=check.id,
                check=check,
                examination=self._examination,
                strict=self._strict,
            )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the checks to what was collected, before -k and -m choose.

    Raises:
        pytest.UsageError: The server is not reached, or the options cannot work.
    """
    level: Any = config.getoption("--mm-level")  # pytest checks it against the choices
    options = ConformanceOptions(level=level, action=config.getoption("--mm-action"))
    try:
        examination = Examination(_settings(config), options)
        examination.open()
    except CustomActionException as error:
        raise pytest.UsageError(str(error)) from error
    suite = Conformance.from_parent(
        session,
        name="conform",
        nodeid="conform",
        examination=examination,
        strict=config.getoption("--mm-strict"),
    )
    items.extend(suite.collect())


def _settings(config: pytest.Config) -> ServerSettings:
    at_url = load_config({"url": config.getoption("--mm-url")}).server_of("")[1]
    file = config.getoption("--mm-config")
    return replace(load_config(file).server_of("")[1], url=at_url.url) if file else at_url
