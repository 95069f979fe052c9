"""Rows T of the table of faults."""

from faults import rows_tls
from faults.cases import rows_of


@rows_of(rows_tls)
def test_a_fault_has_its_outcome(bench, row):
    row.show(bench)
