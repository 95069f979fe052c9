"""``python -m benchmarks.rasa_defects``: both servers side by side; exit code 1 if ours does a case badly."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.rasa_defects import cost
from benchmarks.rasa_defects.defects import cases
from benchmarks.rasa_defects.pair import both

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.rasa_defects.pair import Served

_NONE = "cannot"


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        what: What is done.
        theirs: What rasa_sdk does.
        ours: What we do.
        good: Whether ours is as it should be.
    """

    what: str
    theirs: str
    ours: str
    good: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all cases, and print them as they come."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rasa_defects", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller bomb, fewer calls: under a minute")
    asked = parser.parse_args(arguments)
    print("| | rasa_sdk | mm_actions |\n|---|---|---|", flush=True)
    good = True
    with both() as (theirs, ours):
        for row in rows(theirs, ours, quick=asked.quick):
            print(f"| {row.what} | {row.theirs} | {row.ours}{'' if row.good else ' (MISSED)'} |", flush=True)
            good = good and row.good
    return 0 if good else 1


def rows(theirs: Served, ours: Served, *, quick: bool) -> Iterator[Row]:
    """Run the cases, then measure."""
    for what, case in cases(60 if quick else 300):
        seen, our_seen = case(theirs), case(ours)
        yield Row(what, seen.says, our_seen.says, our_seen.good)
    rounds, calls = (3, 400) if quick else (7, 2_000)

    def measured(what: str, sample: Callable[[Served, int], Callable[[], float]]) -> Row:
        first, second = cost.median([sample(theirs, calls), sample(ours, calls)], rounds)
        return Row(what, f"{first:,.0f} µs", f"{second:,.0f} µs ({second / first:.2f}x)", good=True)

    yield measured("CPU of the server a request, HTTP", cost.http_request)
    yield measured("CPU of the server a request, gRPC", cost.grpc_request)
    yield measured("CPU of the server a streamed chunk, gRPC", cost.grpc_chunk)
    [chunk] = cost.median([cost.http_chunk(ours, calls)], rounds)
    yield Row("CPU of the server a streamed chunk, HTTP", _NONE, f"{chunk:,.0f} µs", good=True)


if __name__ == "__main__":
    sys.exit(main())
