"""The kit is honest: a correct server passes all checks, and each check notices what it is there for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.conformance.breakers import BREAKERS
from tests.conformance.conftest import endings, examine
from tests.conformance.further_breakers import FURTHER, SKIPPING
from tests.conformance.reference import answer, problem

from mm_actions.conformance import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Deployments
    from tests.conformance.reference import Breaker, Received, Reply, Respond, Running

_NEEDS = {"C58": "429", "C59": "bearer", "C60": "signatures", "C62": "certificate"}


@pytest.mark.parametrize(
    ("deployment", "made"),
    [("open", ()), ("bearer", ("C59",)), ("signed", ("C60",)), ("mutual-tls", ("C62",))],
)
def test_a_correct_server_passes_every_check(
    deployments: Deployments, deployment: str, made: tuple[str, ...]
) -> None:
    with deployments.run(deployment) as (server, told):
        report = examine(server.settings(**told))
    assert endings(report, "failed") == {}
    skipped = endings(report, "skipped")
    assert set(skipped) == set(_NEEDS) - set(made)
    assert all(_NEEDS[number] in reason for number, reason in skipped.items())
    assert report.verdict(strict=True) == "conforms"
    assert report.elapsed < 20


@pytest.mark.parametrize("number", sorted(BREAKERS))
def test_a_server_that_breaks_one_rule_fails_exactly_the_check_of_it(
    deployments: Deployments, number: str
) -> None:
    broken = BREAKERS[number]
    with deployments.run(broken.deployment, broken.make(), lets_anyone_in=number == "C62") as (server, told):
        report = examine(server.settings(**told))
    failed = endings(report, "failed")
    assert set(failed) - set(broken.tolerated) == {number}, failed
    assert broken.says in failed[number]
    result = next(result for result in report.results if result.check.id == number)
    assert result.exchange is not None
    assert report.verdict() == ("fails" if result.check.severity == "MUST" else "conforms")


def test_every_check_has_a_server_that_breaks_its_rule() -> None:
    assert set(BREAKERS) == {check.id for check in CHECKS}
    assert all(reason for broken in BREAKERS.values() for reason in broken.tolerated.values())


def test_every_number_of_the_list_is_a_check() -> None:
    assert [check.id for check in CHECKS if re.fullmatch(r"C\d\d", check.id)] == [
        f"C{number:02}" for number in range(1, 63)
    ]
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert len({check.title for check in CHECKS}) == len(CHECKS)


def test_the_core_level_has_musts_alone() -> None:
    core = {check.id for check in CHECKS if check.level == "core"}
    numbers = [*range(1, 18), 23, 24, 25, 31, 33, 35, 39, 40, 43, 44, 45]
    assert core == {f"C{number:02}" for number in numbers}
    assert {check.severity for check in CHECKS if check.level == "core"} == {"MUST"}


def test_a_server_like_the_sample_of_mindmeld_is_caught(broken: Callable[[Breaker], Running]) -> None:
    """Null members, a 500 for a body that is not called JSON, an echo of what was sent."""

    def like_mindmeld(received: Received, respond: Respond) -> Reply:
        for number in ("C14", "C15", "C18", "C29"):
            breaker, inner = BREAKERS[number].make(), respond
            respond = lambda received, breaker=breaker, inner=inner: breaker(received, inner)  # noqa: E731
        return respond(received)

    report = examine(broken(like_mindmeld).settings())
    assert set(endings(report, "failed")) == {"C14", "C15", "C18", "C29"}
    assert report.verdict() == "fails"


@pytest.mark.parametrize("how", FURTHER)
def test_a_check_tells_each_way_of_failing_by_its_reason(
    broken: Callable[[Breaker], Running], how: str
) -> None:
    number, make, says = FURTHER[how]
    companions = ("C54",) if number == "C58" else ()
    report = examine(broken(make()).settings(), only=(number, *companions), action="note")
    assert says in endings(report, "failed").get(number, "it did not fail")


@pytest.mark.parametrize("how", SKIPPING)
def test_a_check_that_cannot_be_made_says_why(broken: Callable[[Breaker], Running], how: str) -> None:
    number, make, says = SKIPPING[how]
    report = examine(broken(make()).settings(), only=(number,), action="note")
    assert says in endings(report, "skipped").get(number, "it was not skipped")


def test_a_trailing_slash_may_be_corrected_by_a_redirect_that_keeps_the_body(
    broken: Callable[[Breaker], Running],
) -> None:
    def correcting(received: Received, respond: Respond) -> Reply:
        if received.path == "/action/":
            return answer(None, 308, Location="/action")
        return respond(received)

    report = examine(broken(correcting).settings(), only=("C39",))
    assert report.failures() == []


def test_a_401_names_what_it_wants(deployments: Deployments) -> None:
    def silent(received: Received, respond: Respond) -> Reply:
        reply = respond(received)
        return problem(401) if reply.status == 401 else reply

    with deployments.run("bearer", silent) as (server, told):
        report = examine(server.settings(**told), only=("C59",))
    assert "no WWW-Authenticate" in endings(report, "failed")["C59"]
