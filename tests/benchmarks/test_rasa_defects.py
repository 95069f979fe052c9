"""What the real rasa_sdk server does wrong, and ours does not: the cases of ``benchmarks.rasa_defects``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmarks.rasa_defects.cost import grpc_request, http_chunk, median
from benchmarks.rasa_defects.defects import cases
from benchmarks.rasa_defects.pair import both

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.rasa_defects.defects import Seen
    from benchmarks.rasa_defects.pair import Served

pytestmark = pytest.mark.slow
CASES = [pytest.param(case, id=what) for what, case in cases(60)]


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Served, Served]]:
    with both() as served:
        yield served


@pytest.mark.parametrize("case", CASES)
def test_ours_does_well_where_rasa_sdk_does_not(
    pair: tuple[Served, Served], case: Callable[[Served], Seen]
) -> None:
    theirs, ours = (case(served) for served in pair)
    assert ours.good, ours.says
    assert not theirs.good, theirs.says


def test_what_a_call_and_a_chunk_cost_is_measured(pair: tuple[Served, Served]) -> None:
    theirs, ours = pair
    assert all(cost > 0 for cost in median([grpc_request(theirs, 20), grpc_request(ours, 20)], 1))
    assert median([http_chunk(ours, 500)], 1) > [0]
