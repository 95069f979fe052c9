"""`mm-actions mock`: a process that answers, conforms, fails on demand and stops when told to."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest
from tests.testing.exchanges.commands import listening
from tests.testing.exchanges.exchanging import call, put, reply, send, text_of

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.testing.exchanges.faults import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    from mm_actions.testing import CertificateAuthority

    Cli = Callable[..., Outcome]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_answers_from_what_and_stops_with_0(number: signal.Signals) -> None:
    with listening("mock") as mock:
        assert ": 30 exchanges, 2 left out of 18 actions (" in mock.line
        assert send(f"{mock.url}/action", call("action_greet")).status == 200
        assert mock.stop(number) == 0
    assert (mock.rest, mock.log) == ("", "")


def test_it_conforms(cli: Cli) -> None:
    with listening("mock") as mock:
        core = cli("conform", mock.url, "--level", "core")
        assert core.code == 0, core.out
        full = cli("conform", mock.url, "--action", "list_stores", "--idempotent")
        assert full.code == 0, full.out
        assert " 0 MUST failed" in full.out


def test_it_answers_from_a_folder_and_tells_calls_apart_as_told(home: Path) -> None:
    put(home / "said", "1", request=call("greet", "a", intent="x"), answer=reply("by x"))
    put(home / "said", "2", request=call("greet", "b", intent="y"), answer=reply("by y"))
    with listening("mock", "--exchanges", "said", "--match", "request.intent", "--strict") as mock:
        assert text_of(send(f"{mock.url}/action", call("greet", "other", intent="y"))) == "by y"
        assert send(f"{mock.url}/action", call("greet", mood="good")).status == 400


def test_faults_come_by_option_and_by_header(home: Path) -> None:
    put(home / "said", "1", request=call("greet"), answer=reply("hi"))
    options = ("--examples", "said", "--fault", "greet=503=9:0.5", "--seed", "7", "--fault", "pay=reset")
    seen = []
    for _ in range(2):
        with listening("mock", *options, "--fault-header") as mock:
            url = f"{mock.url}/action"
            seen.append([send(url, call("greet")).status for _ in range(12)])
            assert send(url, call("greet"), headers={"X-MM-Fault": "html"}).body.startswith(b"<!DOCTYPE")
            result = CustomAction(
                "greet", {"url": url, "headers": {"X-MM-Fault": "reset"}, "retries": 0}
            ).invoke(Request(), DialogueResponder())
            assert result.kind == "connection-lost"
            close_endpoints()
            assert mock.stop() == 0
        assert "a fault is for 'pay', an action that nothing was recorded of" in mock.log
    assert set(seen[0]) == {200, 503}
    assert seen[0] == seen[1]


def test_it_serves_tls_to_those_who_show_a_certificate(authority: CertificateAuthority, home: Path) -> None:
    server, client = authority.encrypted(password="opens-it"), authority.client()
    (home / "password").write_text("opens-it\n", encoding="utf-8")
    files = ("--tls-cert", server.certificate, "--tls-key", server.private_key, "--client-ca", server.ca)
    with listening("mock", *files, "--tls-key-password-file", "password") as mock:
        assert mock.url.startswith("https://")
        settings = {"url": f"{mock.url}/action", "cert": client.ca}
        pair = {"public_key": client.certificate, "private_key": client.private_key}
        assert CustomAction("action_greet", {**settings, **pair}).invoke(Request(), DialogueResponder())
        assert not CustomAction("action_greet", settings).invoke(Request(), DialogueResponder())
        close_endpoints()


def test_the_faults_are_listed(cli: Cli) -> None:
    done = cli("mock", "--list-faults")
    assert done.code == 0
    assert {line.split()[0] for line in done.out.splitlines()} == {"400", *KINDS}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--examples", "a", "--exchanges", "b"), 64, "give one of them"),
        (("--fault", "503"), 64, "--fault: '503' is no fault"),
        (("--exchanges", "nowhere"), 78, "nowhere cannot be read"),
        (("--exchanges", "."), 78, "mm-actions record --to URL -o"),
        (("--match", "."), 78, "names no member"),
        (("--tls-cert", "a.pem"), 78, "go together"),
        (("--tls-key-password-file", "nowhere"), 78, "tls_key_password_file nowhere cannot be read"),
        (("--port", "99999"), 78, "cannot listen"),
        (("--pace", "-1"), 64, "--pace"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_work_is_told_in_one_line(
    cli: Cli, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = cli("mock", *arguments)
    assert (done.code, len(done.err.splitlines())) == (code, 1), done
    assert told in done.err


def test_a_stream_has_its_pace(home: Path) -> None:
    put(home / "said", "1", request=call("greet"), answer=reply("hi"))
    with listening("mock", "--exchanges", "said", "--pace", "0.05") as mock:
        found = send(f"{mock.url}/action/stream", call("greet"))
    assert [json.loads(line)["event"] for line in found.body.splitlines()] == ["directive", "result"]
