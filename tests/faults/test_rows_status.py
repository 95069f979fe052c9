"""Rows P and D of the table of faults."""

from faults import rows_status
from faults.cases import rows_of


@rows_of(rows_status)
def test_a_fault_has_its_outcome(bench, row):
    row.show(bench)
