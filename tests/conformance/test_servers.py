"""The kit against real servers: the sample server, ActionServer, and the one that docs write from scratch."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conformance.conftest import endings
from tests.docs.pages import ROOT, blocks_of, table_after
from tests.example_server.running import run_server

from mm_actions.config import load_config
from mm_actions.conformance import CHECKS, ConformanceOptions, Examination
from mm_actions.server import ActionServer, BearerTokens, SignedBodies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mm_actions.conformance import Report

_UNPROVOKED = {"C58"}
_CREDENTIALS = {"C59", "C60", "C62"}


def examined(url: str, told: dict[str, object] | None = None, **options: object) -> Report:
    settings = load_config({"url": url, **(told or {})}).servers["default"]
    examination = Examination(settings, ConformanceOptions(**options))  # type: ignore[arg-type] # checked there
    examination.open()
    return examination.run()


@pytest.fixture
def from_scratch(tmp_path: Path) -> Iterator[str]:
    """The server of the page, started as the page says."""
    page = ROOT / "docs" / "server-from-scratch.md"
    block = next(block for block in blocks_of(page) if block.file_name == "server.py")
    (tmp_path / "server.py").write_text(block.text)
    process = subprocess.Popen(
        [sys.executable, "server.py", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        yield line.removeprefix("listening on ").strip()
    finally:
        watchdog.cancel()
        process.terminate()
        process.wait(10)
        assert process.stdout
        process.stdout.close()


def test_a_server_of_twenty_lines_passes_the_core_level(from_scratch: str) -> None:
    report = examined(from_scratch, level="core", action="hello")
    assert endings(report, "failed") == {}
    assert endings(report, "skipped") == {}


def test_on_the_full_level_it_lacks_what_its_page_says(from_scratch: str) -> None:
    report = examined(from_scratch, action="hello")
    assert report.verdict() == "conforms"
    rows = table_after(ROOT / "docs" / "server-from-scratch.md", "## From there to the full level")
    told = {number for row in rows for number in row[1].split(", ")}
    assert set(endings(report, "failed")) <= told
    lacking = {*endings(report, "failed"), *endings(report, "skipped")} - _UNPROVOKED - _CREDENTIALS
    assert lacking <= told


@pytest.mark.parametrize(
    ("arguments", "told", "made"),
    [
        ((), {}, set()),
        (("--auth-token", "a-token"), {"auth": {"bearer": "a-token"}}, {"C59"}),
        (("--hmac-secret", "a-secret"), {"auth": {"hmac": "a-secret"}}, {"C60"}),
    ],
    ids=["open", "bearer", "signed"],
)
def test_the_sample_server_passes_the_full_level(
    arguments: tuple[str, ...], told: dict[str, object], made: set[str]
) -> None:
    with run_server("--known-only", *arguments) as server:
        report = examined(server.url, told, action="list_stores")
    assert endings(report, "failed") == {}
    assert set(endings(report, "skipped")) <= (_UNPROVOKED | _CREDENTIALS) - made


@pytest.mark.parametrize(
    ("options", "told", "made"),
    [
        ({}, {}, set()),
        ({"guards": (BearerTokens("a-token"),)}, {"auth": {"bearer": "a-token"}}, {"C59"}),
        ({"guards": (SignedBodies("a-secret"),)}, {"auth": {"hmac": "a-secret"}}, {"C60"}),
    ],
    ids=["open", "bearer", "signed"],
)
def test_an_action_server_passes_the_full_level(
    options: dict[str, object], told: dict[str, object], made: set[str]
) -> None:
    server = ActionServer(drain=0, **options)
    carried_out = []

    @server.action("note", idempotent=True)
    def note(request, responder):
        carried_out.append(request.text)
        responder.reply(f"noted: {request.text}")
        responder.frame["number"] = len(carried_out)

    with server.in_thread() as running:
        report = examined(running.url, told, idempotent=True)
    assert endings(report, "failed") == {}
    assert set(endings(report, "skipped")) <= (_UNPROVOKED | _CREDENTIALS) - made
    assert endings(report, "passed")["C40"] == ""


def test_the_page_of_the_kit_lists_every_check() -> None:
    rows = table_after(ROOT / "docs" / "conformance.md", "## The checks")
    assert rows == [[check.id, check.level, check.severity, check.title] for check in CHECKS]
