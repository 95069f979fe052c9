"""Every row of the table of faults is tried, with all engines that it does not except."""

from importlib import import_module
from pathlib import Path

from faults.cases import COLOURS, ENGINES
from faults.table import ROWS

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("rows_*.py"))


def tried() -> list[str]:
    """Give the names of all cases that the tests take."""
    tests = (import_module(f"faults.test_{name}").test_a_fault_has_its_outcome for name in MODULES)
    return [case.id for test in tests for mark in test.pytestmark for case in mark.args[1]]


def test_every_row_is_tried_once_with_each_engine_in_each_colour():
    found = tried()
    assert len(found) == len(set(found))
    assert {case.split("-")[0] for case in found} == set(ROWS)
    for row in ROWS.values():
        if not (row.in_process or row.once):
            engines = [engine for engine in ENGINES if engine not in row.without]
            assert {f"{row.id}-{engine}-{colour}" for engine in engines for colour in COLOURS} <= set(found)


def test_every_module_has_rows_and_every_exception_a_reason():
    written = {row.show.__module__ for row in ROWS.values()}
    assert written == {f"faults.{name}" for name in MODULES}
    assert all(reason for row in ROWS.values() for reason in row.without.values())
