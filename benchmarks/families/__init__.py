"""What is measured: a family a module, whose ``run(options)`` gives its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from benchmarks.families import (
    async_calls,
    blocking_calls,
    concurrency,
    door,
    guards,
    history,
    rules,
    servers,
    several,
    sizes,
    stages,
    start,
    steady,
)

if TYPE_CHECKING:
    from benchmarks.measure import Table
    from benchmarks.options import Options


class Family(Protocol):
    """A module of this folder: its docstring says what it measures."""

    __doc__: str | None

    def run(self, options: Options) -> list[Table]:
        """Measure."""


FAMILIES = cast(
    "dict[str, Family]",
    {
        "calls": blocking_calls,
        "async": async_calls,
        "stages": stages,
        "concurrency": concurrency,
        "sizes": sizes,
        "history": history,
        "several": several,
        "rules": rules,
        "servers": servers,
        "guards": guards,
        "steady": steady,
        "start": start,
        "door": door,
    },
)
