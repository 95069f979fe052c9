"""Rows H of the table of faults."""

from faults import rows_in_process
from faults.cases import rows_of


@rows_of(rows_in_process)
def test_a_fault_has_its_outcome(bench, row):
    row.show(bench)
