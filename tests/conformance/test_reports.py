"""What a run found, for people, programs and CI."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.conformance.breakers import BREAKERS
from tests.conformance.conftest import examine
from tests.conformance.reference import SECRET, TOKEN, answer

from mm_actions.conformance import Shown, junit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Deployments
    from tests.conformance.reference import Breaker, Received, Reply, Respond, Running


def test_the_document_has_the_members_that_its_page_tells(broken: Callable[[Breaker], Running]) -> None:
    report = examine(broken(BREAKERS["C29"].make()).settings(), only=("C01", "C29", "C59"))
    found = json.loads(json.dumps(report.document()))
    checks = {check["id"]: check for check in found.pop("checks")}
    assert {**found, "url": "", "kit": "", "elapsed": 0} == {
        "format": 1,
        "kit": "",
        "url": "",
        "action": "note",
        "level": "full",
        "strict": False,
        "verdict": "conforms",
        "counts": {"passed": 1, "failed_must": 0, "failed_should": 1, "failed_may": 0, "skipped": 1},
        "elapsed": 0,
    }
    assert set(checks) == {"C01", "C29", "C59"}
    assert set(checks["C01"]) == {
        *("id", "title", "topic", "level", "severity", "status", "reason", "elapsed", "exchange")
    }
    assert checks["C01"]["exchange"] is None
    exchange = checks["C29"]["exchange"]
    assert set(exchange) == {"request", "response", "error", "elapsed", "curl"}
    assert set(exchange["request"]) == {"method", "url", "headers", "body", "size"}
    assert set(exchange["response"]) == {"status", "headers", "body", "size"}
    assert ["Content-Type", "text/plain"] in exchange["request"]["headers"]
    assert json.loads(exchange["request"]["body"])["action"] == "note"
    assert exchange["response"]["status"] == 500
    assert report.document(strict=True)["verdict"] == "fails"


def test_a_verbose_document_has_every_exchange(reference: Running) -> None:
    report = examine(reference.settings(), only=("C01", "C46"))
    counts = {check["id"]: len(check["exchanges"]) for check in report.document(verbose=True)["checks"]}
    assert counts == {"C01": 1, "C46": 100}


def test_the_xml_has_a_failure_for_a_must_and_a_skipped_test_for_a_should(
    broken: Callable[[Breaker], Running],
) -> None:
    def worse(received: Received, respond: Respond) -> Reply:
        return BREAKERS["C29"].make()(received, lambda inner: BREAKERS["C23"].make()(inner, respond))

    report = examine(broken(worse).settings(), only=("C01", "C23", "C29", "C59"))
    suite = ET.fromstring(junit(report)).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "1", "2")
    cases = {case.get("name", "")[:3]: case for case in suite.iter("testcase")}
    assert cases["C23"].get("classname") == "conformance.bad_input"
    failure = cases["C23"].find("failure")
    assert failure is not None
    assert failure.get("message") == "answered 500 to {, where 400 is due"
    assert "< HTTP/1.1 500" in (failure.text or "")
    skipped = cases["C29"].find("skipped")
    assert skipped is not None
    assert "SHOULD not kept" in (skipped.get("message") or "")
    assert list(cases["C01"]) == []
    strict = ET.fromstring(junit(report, strict=True)).find("testsuite")
    assert strict is not None
    assert strict.get("failures") == "2"


def test_what_xml_cannot_hold_is_left_out_of_it(broken: Callable[[Breaker], Running]) -> None:
    def odd(received: Received, respond: Respond) -> Reply:
        reply = respond(received)
        return answer("\x00\x1b[31m\ufffe", 500) if received.is_action else reply

    report = examine(broken(odd).settings(), only=("C01",))
    assert ET.fromstring(junit(report)).find(".//failure") is not None


def test_no_secret_is_in_any_form_of_a_report(deployments: Deployments) -> None:
    for deployment, secret in (("bearer", TOKEN), ("signed", SECRET)):

        def telling(received: Received, respond: Respond) -> Reply:
            respond(received)
            return answer({"detail": [secret, received.headers]}, 500, X_Echo=f"<{secret}>")  # noqa: B023 - used within the round

        with deployments.run(deployment, telling) as (server, told):
            settings = server.settings(**told, headers={"X-Api-Key": "key-of-a-header"})
            report = examine(settings, only=("C01", "C59", "C60"), action="note")
        shown = Shown(report.target)
        people = [
            line for result in report.failures() if result.exchange for line in shown.lines(result.exchange)
        ]
        for text in (json.dumps(report.document()), junit(report).decode(), "\n".join(people)):
            assert secret not in text
            assert "key-of-a-header" not in text
            assert "answered 500" in text or "HTTP/1.1 500" in text


def test_the_curl_command_sends_the_same_request(
    broken: Callable[[Breaker], Running],
) -> None:
    seen: list[Received] = []

    def keeping(received: Received, respond: Respond) -> Reply:
        seen.append(received)
        return answer({}, 418) if received.is_action else respond(received)

    report = examine(broken(keeping).settings(), only=("C23", "C30", "C32", "C40"))
    shown = Shown(report.target)
    assert len(report.failures()) == 4
    for result in report.failures():
        assert result.exchange is not None
        request = result.exchange.request
        done = subprocess.run(
            ["bash", "-c", shown.curl(request)], capture_output=True, timeout=20, check=False
        )
        assert b"418" in done.stdout, done.stderr
        again = seen[-1]
        assert again.body == request.body
        typed = dict(request.headers).get("Content-Type")
        assert again.headers.get("content-type") == typed
