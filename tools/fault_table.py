"""Writes the table of faults in docs/reliability.md from the rows of tests/faults.

python -m tools.fault_table           write it
python -m tools.fault_table --check   fail if it is not what would be written
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "reliability.md"
BEGIN = "<!-- Written by `python -m tools.fault_table` from tests/faults; edit there. -->"
END = "<!-- End of what is written from tests/faults. -->"
ROOMS = ("rows_connection", "rows_content", "rows_status", "rows_tls", "rows_calls", "rows_in_process")
ALL = "all"
NONE = "in-process"


def rows() -> tuple[dict[str, str], list[Any]]:
    """Give the groups and the rows, as the tests have them."""
    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    for room in ROOMS:
        importlib.import_module(f"faults.{room}")
    table = importlib.import_module("faults.table")
    return table.GROUPS, list(table.ROWS.values())


def engines_of(row: Any, engines: Iterable[str]) -> str:
    """Say with which engines a row holds, and why not with the others."""
    if row.in_process:
        return NONE
    if not row.without:
        return ALL
    holding = ", ".join(engine for engine in engines if engine not in row.without)
    reasons = "; ".join(f"not {engine}: {reason}" for engine, reason in row.without.items())
    return f"{holding}; {reasons}"


def table() -> str:
    """Write the rows as Markdown, a table for each group."""
    groups, found = rows()
    engines: tuple[str, ...] = importlib.import_module("faults.cases").ENGINES
    return "\n".join(_lines(groups, found, engines))


def _lines(groups: dict[str, str], found: list[Any], engines: tuple[str, ...]) -> Iterator[str]:
    for letter, title in groups.items():
        yield f"### {title}"
        yield ""
        yield "| | what goes wrong | what comes of it | engines |"
        yield "|---|---|---|---|"
        for row in found:
            if row.id.startswith(letter):
                cells = (row.id, row.fault, row.outcome, engines_of(row, engines))
                yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""


def page(text: str) -> str:
    """Put the table into the page, between its marks.

    Raises:
        ValueError: The page has no marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{TARGET} has no line {BEGIN if not begin else END!r}")
    return f"{before}{BEGIN}\n\n{table()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write the page, or check that it is up to date."""
    text = TARGET.read_text(encoding="utf-8")
    wanted = page(text)
    if arguments == ["--check"]:
        if text != wanted:
            print(f"{TARGET} is not up to date: run `python -m tools.fault_table`", file=sys.stderr)  # noqa: T201 - a command
            return 1
        return 0
    TARGET.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
