from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from tests.conformance.breakers import BREAKERS
from tests.conformance.reference import MAX_BODY, SECRET, TOKEN, Reference, running

from mm_actions.conformance import CHECKS
from mm_actions.testing import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Outcome
    from tests.conformance.reference import Received, Reply, Respond, Running

    from mm_actions.testing import CertificateAuthority, FaultServer

    Cli = Callable[..., Outcome]

LIMIT = ("--max-body", MAX_BODY)


@pytest.fixture
def reference() -> Iterator[Running]:
    with running(Reference().respond) as server:
        yield server


@pytest.fixture
def broken() -> Iterator[Callable[[str], str]]:
    """The address of a server that breaks the rule of a check."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def serve(number: str) -> str:
            breaker, respond = BREAKERS[number].make(), Reference().respond
            return stack.enter_context(running(lambda received: breaker(received, respond))).url

        yield serve


def test_a_server_that_conforms_ends_with_one_line_and_0(cli: Cli, reference: Running) -> None:
    done = cli("conform", reference.url, *LIMIT)
    assert done.code == 0
    first, *skipped, verdict = done.out.splitlines()
    assert first == f"{reference.url}/action, action note"
    assert all(" skipped " in line for line in skipped)
    assert verdict.startswith(
        "The server conforms (level full): 59 passed, 0 MUST failed, 0 SHOULD not kept, 4 skipped"
    )


def test_a_must_that_fails_is_told_with_its_reason_and_its_exchange(
    cli: Cli, broken: Callable[[str], str]
) -> None:
    done = cli("conform", broken("C14"), "--level", "core")
    assert done.code == 76
    assert (
        "C14   MUST    failed    directives, frame, slots and params are never null: frame null" in done.out
    )
    assert '< {"directives": ' in done.out
    assert "curl -sS -i" in done.out
    assert done.out.splitlines()[-1].startswith(
        "The server does not conform (level core): 27 passed, 1 MUST failed"
    )


def test_a_should_counts_only_if_it_is_told_to(cli: Cli, broken: Callable[[str], str]) -> None:
    url = broken("C29")
    lenient = cli("conform", url, "--only", "C29,c23")
    assert lenient.code == 0
    assert "C29   SHOULD  not kept" in lenient.out
    assert cli("conform", url, "--only", "C29", "--strict").code == 76


def test_every_check_is_shown_when_asked_for(cli: Cli, reference: Running) -> None:
    done = cli("conform", reference.url, "--level", "core", "--verbose", "--action", "look")
    assert done.out.count(" passed ") >= 28


def test_the_report_comes_as_a_document_and_as_xml(
    cli: Cli, broken: Callable[[str], str], home: Path
) -> None:
    done = cli("conform", broken("C23"), "--only", "C01,C23", "--json", "--junit", "junit.xml")
    assert done.code == 76
    assert done.json["verdict"] == "fails"
    assert [check["status"] for check in done.json["checks"]] == ["passed", "failed"]
    suite = ET.fromstring((home / "junit.xml").read_bytes())
    assert suite.get("failures") == "1"


def test_the_checks_are_listed_without_a_server(cli: Cli) -> None:
    lines = cli("conform", "--list").out.splitlines()
    assert [line.split()[0] for line in lines] == [check.id for check in CHECKS]
    listed = json.loads(cli("conform", "--list", "--level", "core", "--json").out)["checks"]
    assert {check["level"] for check in listed} == {"core"}


def test_credentials_are_used_and_not_shown(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_SECRET", SECRET)
    for reference, options, number in (
        (Reference(token=TOKEN), ("--bearer", TOKEN), "C59"),
        (Reference(token=TOKEN), ("--token", TOKEN), "C59"),
        (Reference(token=TOKEN), ("--header", f"Authorization: Bearer {TOKEN}"), "C01"),
        (Reference(secret=SECRET), ("--hmac-secret", "${KIT_SECRET}"), "C60"),
    ):
        with running(reference.respond) as server:
            done = cli("conform", server.url, *options, "--only", f"{number},C02", "--verbose", "--strict")
        assert done.code == 0, done.out
        assert f"{number} " in done.out
        assert " skipped " not in done.out
        assert TOKEN not in done.out


def test_a_client_certificate_is_shown_and_asked_for(cli: Cli, authority: CertificateAuthority) -> None:
    client = authority.client()
    tls = authority.server().server_context(client_ca=authority.certificate)
    files = ("--cert", client.ca, "--public-key", client.certificate, "--private-key", client.private_key)
    with running(Reference().respond, tls=tls) as server:
        done = cli("conform", server.url, *files, "--only", "C01,C62", "--verbose")
        assert done.code == 0, done.out
        assert "C62   MUST    passed" in done.out
        assert cli("conform", server.url, "--cert", client.ca, "--only", "C01").code == 77


def test_a_server_elsewhere_is_found_by_its_path(cli: Cli) -> None:
    respond = Reference().respond

    def moved(received: Received) -> Reply:
        from dataclasses import replace

        return respond(replace(received, path=received.path.removeprefix("/shop")))

    with running(moved) as server:
        assert cli("conform", server.url, "--path", "/shop/action", "--only", "C01,C51,C53").code == 0
        assert cli("conform", f"{server.url}/shop/action", "--only", "C01,C51,C53", "--strict").code == 0


def test_a_server_that_is_said_to_honour_keys_fails_if_it_does_not(cli: Cli) -> None:
    from dataclasses import replace

    respond = Reference().respond

    def forgetful(received: Received) -> Reply:
        return respond(replace(received, headers={**received.headers, "idempotency-key": ""}))

    with running(forgetful) as server:
        skipped = cli("conform", server.url, "--only", "C48,C49,C50", "--strict")
        assert (skipped.code, skipped.out.count(" skipped ")) == (0, 3)
        assert "--idempotent" in skipped.out
        failed = cli("conform", server.url, "--only", "C48,C49,C50", "--strict", "--idempotent")
        assert (failed.code, failed.out.count("SHOULD  not kept")) == (76, 3)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 64, "which server?"),
        (("URL", "--only", "C99"), 64, "there is no check C99; --list shows them all"),
        (("URL", "--bearer", "a", "--hmac-secret", "b"), 64, "exclude each other"),
        (("URL", "--level", "most"), 64, "--level"),
        (("URL", "--header", "nonsense"), 64, "has no colon"),
        (("https://localhost:1", "--cert", "missing.pem"), 78, "missing.pem"),
        (("localhost:8080",), 78, "http"),
        (("URL",), 78, "--action NAME"),
        (("URL", "--action", "a", "--only", "C01", "--junit", "no/folder/it.xml"), 78, "cannot be written"),
    ],
    ids=lambda value: "-".join(value).replace("/", "_") or "nothing" if isinstance(value, tuple) else None,
)
def test_what_cannot_work_is_told_in_one_line(
    cli: Cli, server: FaultServer, arguments: tuple[str, ...], code: int, told: str
) -> None:
    server.play(Answer(404))
    done = cli("conform", *(server.url if word == "URL" else word for word in arguments))
    assert done.code == code
    assert told in done.err
    assert len(done.err.splitlines()) == 1


def test_a_server_that_is_not_there_ends_with_69(cli: Cli) -> None:
    import socket

    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        done = cli("conform", f"http://127.0.0.1:{reserved.getsockname()[1]}")
    assert done.code == 69
    assert "connect-failed" in done.err


def test_a_run_whose_time_is_up_ends_with_75(cli: Cli, broken: Callable[[str], str]) -> None:
    import threading

    release = threading.Event()
    respond = Reference().respond

    def slow(received: Received, respond: Respond = respond) -> Reply:
        if received.is_action:
            release.wait(20)
        return respond(received)

    with running(slow) as server:
        try:
            done = cli("conform", server.url, "--only", "C01,C02", "--timeout", "0.4")
        finally:
            release.set()
    assert done.code == 75, done.out
    assert "is not judged, the time was up" in done.out


def test_at_a_terminal_there_are_a_bar_and_a_table(
    cli: Cli, broken: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = cli("conform", broken("C23"), "--level", "core", "--verbose")
    assert done.code == 76
    assert "\x1b[1;31mfailed" in done.out
    assert "/28" in done.err
    assert "/28" not in done.out
    quiet = cli("conform", broken("C23"), "--level", "core", "--json")
    assert quiet.err == ""
    assert quiet.json["verdict"] == "fails"
