"""Rows C of the table of faults."""

from faults import rows_connection
from faults.cases import rows_of


@rows_of(rows_connection)
def test_a_fault_has_its_outcome(bench, row):
    row.show(bench)
