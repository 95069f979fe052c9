"""Rows B of the table of faults."""

from faults import rows_content
from faults.cases import rows_of


@rows_of(rows_content)
def test_a_fault_has_its_outcome(bench, row):
    row.show(bench)
