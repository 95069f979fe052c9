"""Each row of the table with every engine, in both colours.

A file of tests for each file of rows, so that the files can be tried at once.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from faults.table import ROWS

ENGINES = ("curl", "requests", "aiohttp")
WITHOUT_ENGINE = ("in-process",)
COLOURS = ("sync", "async")


def cases(module: ModuleType) -> Iterator[Any]:
    """Give the rows of a module, with what each is tried on."""
    for row in ROWS.values():
        if row.show.__module__ != module.__name__:
            continue
        marks = [pytest.mark.slow] if row.slow else []
        for engine in WITHOUT_ENGINE if row.in_process else ENGINES:
            for colour in COLOURS:
                if engine in row.without or (row.once and (engine, colour) != ("curl", "sync")):
                    continue
                yield pytest.param((engine, colour), row, id=f"{row.id}-{engine}-{colour}", marks=marks)


def rows_of(module: ModuleType) -> pytest.MarkDecorator:
    """Try a test, which takes a bench and a row, with the rows of a module."""
    return pytest.mark.parametrize(("bench", "row"), list(cases(module)), indirect=["bench"])
