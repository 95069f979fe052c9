"""`mm-actions replay`: its table, its document and its exit codes."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from tests.testing.exchanges.exchanging import call, put, reply

from mm_actions.testing import Answer, InOrder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    from mm_actions.testing import CertificateAuthority, FaultServer

    Cli = Callable[..., Outcome]


@pytest.fixture
def recorded(home: Path) -> Path:
    folder = home / "recorded"
    put(folder, "0001-greet", request=call("greet"), answer={**reply("hi"), "slots": {"at": 1}})
    put(folder, "0002-pay", request=call("pay"), status=409, answer={"status": 409, "trace_id": "a"})
    return folder


def test_the_same_answers_end_with_one_line_and_0(cli: Cli, recorded: Path, server: FaultServer) -> None:
    problem = Answer(409, json={"status": 409, "trace_id": "b"})
    server.play(InOrder(Answer(json={**reply("hi"), "slots": {"at": 2}}), problem))
    done = cli("replay", recorded, "--to", server.url, "--ignore", "slots.at")
    assert done.code == 0, done.out
    assert done.out.startswith(f"2 exchanges, sent again to {server.url}: 2 the same, 0 differ, 0 skipped; ")
    assert done.err == ""


def test_other_answers_are_a_table_and_1(cli: Cli, recorded: Path, server: FaultServer) -> None:
    server.play(Answer(json={**reply("hello"), "frame": {}}))
    done = cli("replay", recorded, "--to", server.url)
    assert done.code == 1
    first, *_, last = done.out.splitlines()
    assert first.split() == ["0001-greet.json", "/directives/0/payload/text", '"hi"', '"hello"']
    assert '0001-greet.json  /slots                      {"at": 1}  (absent)' in done.out
    assert "0002-pay.json    status                      409        200" in done.out
    assert "0 the same, 2 differ, 0 skipped" in last


def test_the_comparison_comes_as_a_document(cli: Cli, recorded: Path, server: FaultServer) -> None:
    put(recorded, "0003-x", method="PUT", answer={})
    server.play(Answer(409, json={"status": 409}))
    done = cli("replay", recorded, "--to", server.url, "--json")
    assert (done.code, done.json["equal"], done.json["differ"], done.json["skipped"]) == (1, 1, 1, 1)
    first, second, third = done.json["exchanges"]
    assert first["differences"][0] == {"where": "status", "recorded": 200, "now": 409}
    assert first["differences"][2] == {"where": "/frame", "recorded": {"a": 1}}
    assert (second["action"], second["differences"]) == ("pay", [])
    assert third["skipped"] == "PUT is not sent again"


def test_nothing_compared_is_no_success(cli: Cli, home: Path, server: FaultServer) -> None:
    put(home / "recorded", "1", request=call("a"), broken="the client left")
    done = cli("replay", "recorded", "--to", server.url)
    assert done.code == 1
    assert "skipped  its answer is not whole: the client left" in done.out


def test_headers_and_tokens_are_sent_and_a_redacted_member_is_told(
    cli: Cli, home: Path, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLAY_TOKEN", "t0ken")
    put(home / "recorded", "1", request=call("a", context={"token": "[redacted]"}), answer={})
    credentials = ("--header", "X-Tenant: a", "--bearer", "${REPLAY_TOKEN}")
    done = cli("replay", "recorded", "--to", server.url, *credentials)
    assert done.code == 0, done.out
    assert "1 requests are sent with members that were redacted" in done.err
    assert server.requests[0].headers["authorization"] == "Bearer t0ken"
    assert server.requests[0].headers["x-tenant"] == "a"


def test_at_a_terminal_there_is_a_table(
    cli: Cli, recorded: Path, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    server.play(Answer(json={"frame": {f"member_{number}": "x" * 200 for number in range(40)}}))
    done = cli("replay", recorded, "--to", server.url)
    assert "\x1b[1mexchange" in done.out
    assert "more" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 64, "DIR"),
        (("recorded",), 64, "--to"),
        (("nowhere", "--to", "http://localhost:1"), 78, "nowhere cannot be read"),
        (("recorded", "--to", "http://localhost:1", "--ignore", "a."), 78, "names no member"),
        (("recorded", "--to", "http://localhost:1", "--header", "x"), 64, "has no colon"),
    ],
)
def test_what_cannot_work_is_told_in_one_line(
    cli: Cli, recorded: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = cli("replay", *arguments)
    assert (done.code, len(done.err.splitlines())) == (code, 1), done
    assert told in done.err


def test_a_server_that_is_not_there_ends_with_69_and_one_not_to_be_trusted_with_77(
    cli: Cli, recorded: Path, authority: CertificateAuthority
) -> None:
    from mm_actions.testing import FaultServer as Server

    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        assert cli("replay", recorded, "--to", f"http://127.0.0.1:{reserved.getsockname()[1]}").code == 69
    with Server(ssl_context=authority.self_signed("localhost").server_context()) as server:
        assert cli("replay", recorded, "--to", server.url_for("localhost")).code == 77
