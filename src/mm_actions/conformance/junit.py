"""The report as JUnit XML, which CI systems read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from mm_actions.conformance.showing import Shown

if TYPE_CHECKING:
    from mm_actions.conformance.report import Report, Result

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report, *, strict: bool = False) -> bytes:
    """Write a report as XML.

    A failed SHOULD is a skipped test with its reason, unless it counts as a MUST: CI systems know no other
    grade between success and failure.

    Args:
        report: The report.
        strict: Whether a SHOULD counts as a MUST.
    """
    decisive = {"MUST", "SHOULD"} if strict else {"MUST"}
    shown = Shown(report.target)
    failures = sum(result.check.severity in decisive for result in report.failures())
    skipped = sum(result.status != "passed" for result in report.results) - failures
    totals: dict[str, Any] = {
        "tests": str(len(report.results)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(skipped),
        "time": f"{report.elapsed:.3f}",
    }
    suites = ET.Element("testsuites", name="mm-actions conform", **totals)
    suite = ET.SubElement(
        suites, "testsuite", name=f"mm-actions conform, level {report.options.level}", **totals
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("url", f"{report.target.origin}{report.target.path}"),
        ("action", report.action),
        ("verdict", report.verdict(strict=strict)),
    ):
        ET.SubElement(properties, "property", name=name, value=_xml(shown.text(value)))
    for result in report.results:
        _case(suite, result, shown, decisive=result.check.severity in decisive)
    ET.indent(suites)
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written


def _case(suite: ET.Element, result: Result, shown: Shown, *, decisive: bool) -> None:
    check = result.check
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"conformance.{check.topic.replace(' ', '_')}",
        name=f"{check.id} {check.title}",
        time=f"{result.elapsed:.3f}",
    )
    reason = _xml(shown.text(result.reason))
    if result.status == "skipped":
        ET.SubElement(case, "skipped", message=reason)
    elif result.status == "failed":
        exchange = "" if result.exchange is None else "\n".join(shown.lines(result.exchange))
        if decisive:
            failure = ET.SubElement(case, "failure", type=check.severity, message=reason)
            failure.text = _xml(exchange)
        else:
            ET.SubElement(case, "skipped", message=f"{check.severity} not kept: {reason}")
            ET.SubElement(case, "system-out").text = _xml(exchange)


def _xml(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
