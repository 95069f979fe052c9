from __future__ import annotations

import pytest

from mm_actions.errors import BadStatus, DeadlineExceeded, InProgress, InvocationError, ServerFailed
from mm_actions.resilience import Again, Verdict, read, verdict
from mm_actions.resilience.verdict import TABLE
from resilience.doubles import every_error, load


def test_every_error_has_a_row_of_its_own():
    assert set(TABLE) == set(every_error())


def test_every_error_has_a_vector():
    assert {case["kind"] for case in load("health")["cases"]} == {error.kind for error in every_error()}


def test_no_error_is_a_success():
    assert verdict(None) is Verdict.SUCCESS


class Throttled(ServerFailed):
    kind = "throttled"


class Waiting(InProgress):
    kind = "waiting"


class Late(DeadlineExceeded):
    kind = "late"


class Odd(InvocationError):
    kind = "odd"


@pytest.mark.parametrize(
    ("error", "reading"),
    [
        (Throttled("slow down"), (Verdict.FAILURE, Again.RETRY)),
        (Waiting("still running"), (Verdict.NEUTRAL, Again.POLL)),
        (Late("never sent"), (Verdict.NEUTRAL, Again.NEVER)),
        (Odd("what?"), (Verdict.FAILURE, Again.NEVER)),
        (BadStatus("too early", status=425), (Verdict.NEUTRAL, Again.RETRY)),
    ],
)
def test_an_error_of_ones_own_is_read_as_its_nearest_base(error, reading):
    assert read(error) == reading


def test_a_status_counts_only_where_the_server_answered_with_it():
    assert read(InvocationError("not from a status line", status=408)) == (Verdict.FAILURE, Again.NEVER)
