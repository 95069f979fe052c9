"""What the page says of faults and secrets is what there is; its snippets run in tests/docs."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT, codes_in, table_after
from tests.testing.exchanges.test_mock_faults import SEEN_AS

from mm_actions.testing.exchanges.faults import KINDS
from mm_actions.testing.exchanges.redaction import (
    ANSWER_HEADERS,
    REQUEST_HEADERS,
    SECRET_HEADERS,
    SECRET_MEMBERS,
)

PAGE = ROOT / "docs" / "mock-record-replay.md"


def test_the_table_names_every_fault_and_what_our_client_sees() -> None:
    _, *rows = table_after(PAGE, "### Faults")
    faults = {codes_in(row[0])[0].partition("=")[0]: row[2] for row in rows}
    assert set(faults) == set(KINDS)
    seen = {kind: codes_in(cell)[0] for kind, cell in faults.items() if codes_in(cell)}
    assert {kind: SEEN_AS.get(kind) or SEEN_AS[f"{kind}=30"] for kind in seen} == seen


def test_the_lists_of_what_is_not_written_are_those_of_the_program() -> None:
    section = PAGE.read_text("utf-8").partition("### What is not written")[2].partition("A secret of")[0]
    headers, secret, members, _ = re.split(r"^- ", section, flags=re.MULTILINE)[1:]
    assert set(codes_in(headers)) - {"--keep-header"} == {*REQUEST_HEADERS, *ANSWER_HEADERS}
    assert set(codes_in(secret)) - {"[redacted]", "--keep-header"} == set(SECRET_HEADERS)
    assert set(codes_in(members)) - {"_", "-"} == set(SECRET_MEMBERS)
