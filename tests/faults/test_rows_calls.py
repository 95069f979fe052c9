"""Rows Q, L and S of the table of faults."""

from faults import rows_calls
from faults.cases import rows_of


@rows_of(rows_calls)
def test_a_fault_has_its_outcome(bench, row):
    row.show(bench)
