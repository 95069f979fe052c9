"""Every row of the table of faults, with every engine, in both colours."""

import pytest

from faults import (
    rows_calls,
    rows_connection,
    rows_content,
    rows_in_process,
    rows_status,
    rows_tls,
)
from faults.table import ROWS

ENGINES = ("curl", "requests", "aiohttp")
WITHOUT_ENGINE = ("in-process",)
COLOURS = ("sync", "async")
MODULES = (rows_connection, rows_content, rows_status, rows_tls, rows_calls, rows_in_process)


def cases():
    for row in ROWS.values():
        marks = [pytest.mark.slow] if row.slow else []
        for engine in WITHOUT_ENGINE if row.in_process else ENGINES:
            for colour in COLOURS:
                if engine in row.without or (row.once and (engine, colour) != ("curl", "sync")):
                    continue
                yield pytest.param((engine, colour), row, id=f"{row.id}-{engine}-{colour}", marks=marks)


@pytest.mark.parametrize(("bench", "row"), list(cases()), indirect=["bench"])
def test_a_fault_has_its_outcome(bench, row):
    row.show(bench)


def test_every_module_has_rows_and_every_exception_a_reason():
    assert all(any(row.show.__module__ == module.__name__ for row in ROWS.values()) for module in MODULES)
    assert all(reason for row in ROWS.values() for reason in row.without.values())
