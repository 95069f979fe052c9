"""How a run of the kit looks: its progress, a table, the exchange behind each failure, a verdict."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from mm_actions.cli.display import console, milliseconds
from mm_actions.cli.printable import document, printable
from mm_actions.conformance import Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mm_actions.conformance import Check, Report, Result

_STYLES = {"passed": "green", "failed": "bold red", "not kept": "yellow", "skipped": "dim"}
_VERDICTS = {"conforms": "bold green", "fails": "bold red", "incomplete": "bold yellow"}


class Progress:
    """A bar on the terminal; nothing anywhere else.

    Args:
        total: How many checks there are.
        quiet: Show nothing at all.
    """

    def __init__(self, total: int, *, quiet: bool) -> None:
        out = Console(stderr=True)
        self._bar: Bar | None = None
        if out.is_terminal and not quiet:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Bar(*columns, console=out, transient=True)
        self._total = total
        self._task = TaskID(0)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._stack.enter_context(self._bar)
            self._task = self._bar.add_task("checking", total=self._total)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tell(self, result: Result) -> None:
        """Go on by one check."""
        if self._bar is not None:
            self._bar.update(self._task, advance=1, description=f"{result.check.id} {result.status}")


def print_checks(checks: Sequence[Check], *, as_json: bool) -> None:
    """Print what the kit checks."""
    if as_json:
        rows = [
            {
                "id": check.id,
                "title": check.title,
                "topic": check.topic,
                "level": check.level,
                "severity": check.severity,
            }
            for check in sorted(checks, key=lambda check: check.id)
        ]
        print(document({"checks": rows}))  # noqa: T201 - goes to a program
        return
    out = console()
    for check in sorted(checks, key=lambda check: check.id):
        out.print(f"{check.id:<5} {check.level:<5} {check.severity:<7} {check.title}")


def print_report(report: Report, *, strict: bool, verbose: bool) -> None:
    """Print a report: the table, then each failure with its exchange, then the verdict."""
    out, shown = console(), Shown(report.target)
    out.print(f"{printable(report.target.origin + report.target.path)}, action {printable(report.action)}")
    results = [result for result in report.results if verbose or result.status != "passed"]
    rows = [_row(result, shown) for result in results]
    if out.is_terminal:
        out.print(_table(rows))
    else:
        for row in rows:
            out.print(f"{row[0]:<5} {row[1]:<7} {row[2]:<9} {row[3]}")
    for result in report.failures():
        _print_failure(out, result, shown)
    out.print(_verdict(report, strict=strict))


def _status(result: Result) -> str:
    return "not kept" if result.status == "failed" and result.check.severity != "MUST" else result.status


def _row(result: Result, shown: Shown) -> tuple[str, str, str, str]:
    reason = printable(shown.text(result.reason), most=None)
    what = f"{result.check.title}: {reason}" if reason else result.check.title
    return result.check.id, result.check.severity, _status(result), what


def _table(rows: Sequence[tuple[str, str, str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("check", "", "", "what"):
        table.add_column(title, overflow="fold")
    for number, severity, status, what in rows:
        table.add_row(number, severity, Text(status, style=_STYLES[status]), Text(what))
    return table


def _print_failure(out: Console, result: Result, shown: Shown) -> None:
    check, status = result.check, _status(result)
    out.print()
    out.print(Text(f"{check.id} {check.severity} {status}: {check.title}", style=_STYLES[status]))
    out.print(f"  {printable(shown.text(result.reason), most=None)}")
    if result.exchange is None:
        return
    for line in shown.lines(result.exchange):
        out.print(f"    {printable(line, most=None)}")
    out.print("  the same with curl:")
    out.print(f"    {printable(shown.curl(result.exchange.request), most=None)}")


def _verdict(report: Report, *, strict: bool) -> Text:
    verdict = report.verdict(strict=strict)
    passed = sum(result.status == "passed" for result in report.results)
    skipped = sum(result.status == "skipped" for result in report.results)
    words = {
        "conforms": "conforms",
        "fails": "does not conform",
        "incomplete": "is not judged, the time was up",
    }
    return Text.assemble(
        "\n" if report.failures() else "",
        (f"The server {words[verdict]}", _VERDICTS[verdict]),
        f" (level {report.options.level}): {passed} passed, {len(report.failures('MUST'))} MUST failed, "
        f"{len(report.failures('SHOULD', 'MAY'))} SHOULD not kept, {skipped} skipped; "
        f"{milliseconds(report.elapsed)}",
    )
