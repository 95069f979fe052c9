"""`mm-actions call` that fails: what is said, what is not believed, what it exits with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions.cli.printable import printable
from mm_actions.contract.status import TABLE
from mm_actions.testing import Answer, Close, FaultServer, Hang, ReadRequest, Reset

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome

    from mm_actions.testing import CertificateAuthority

    Cli = Callable[..., Outcome]


def problem(status: int, **members: Any) -> Answer:
    body = json.dumps({"status": status, **members}).encode()
    return Answer(status=status, body=body, headers={"Content-Type": "application/problem+json"})


# What is said


def test_json_tells_of_a_failure_too(cli: Cli, server: FaultServer, url: str) -> None:
    server.play(
        problem(422, title="Bad", detail="Too many cups", errors=[{"pointer": "/request", "detail": "no"}])
    )
    outcome = cli("call", "order", "--url", url, "--json", "--frame", '{"cups": 1}')
    assert (outcome.code, outcome.err) == (65, "")
    error = outcome.json["error"]
    assert (outcome.json["result"], error["kind"], error["status"], error["sent"]) == (
        "request-refused", "request-refused", 422, "yes",
    )  # fmt: skip
    assert error["problem"]["errors"] == [{"pointer": "/request", "detail": "no"}]
    assert outcome.json["answer"] is None
    assert outcome.json["responder"]["frame"] == {"cups": 1}


# What cannot be trusted


def test_the_servers_account_of_a_failure_is_marked_as_its_words(
    cli: Cli, server: FaultServer, url: str
) -> None:
    errors = [{"pointer": "/request/text", "detail": "is missing"}, {"detail": "and more"}]
    server.play(problem(400, title="Bad request", detail="See\nbelow", errors=errors))
    outcome = cli("call", "order", "--url", url)
    first, *words = outcome.err.splitlines()
    assert first.startswith(
        "mm-actions: order on default failed (request-refused, sent: yes): the server answered 400"
    )
    assert words == [
        "the server says: Bad request",
        "the server says: See below",
        "the server says: /request/text: is missing",
        "the server says: and more",
    ]
    assert outcome.out == ""


ATTACK = "\x1b]0;owned\x07\x1b[31mred\x9b2J\x1b(0\u202eback\x00\r\nnext\x85line\x7f"


def test_no_control_character_of_a_server_reaches_the_terminal(
    cli: Cli, server: FaultServer, url: str
) -> None:
    reply = {"name": f"reply{ATTACK}", "type": "view", "payload": {"text": ATTACK}}
    said = {"name": "reply", "type": "view", "payload": {"text": ATTACK}}
    server.play(Answer(json={"directives": [reply, said], "frame": {ATTACK: ATTACK}, "slots": {"a": ATTACK}}))
    answered = cli("call", "order", "--url", url)
    server.play(problem(500, title=ATTACK, detail=ATTACK, errors=[{"pointer": ATTACK, "detail": ATTACK}]))
    refused = cli("call", "order", "--url", url, "--retries", "0")
    shown = answered.out + refused.err
    assert "redback" in shown
    assert not {mark for mark in shown if mark != "\n" and (ord(mark) < 32 or 127 <= ord(mark) < 160)}
    assert "\u202e" not in shown
    assert "owned" not in refused.err


def test_a_long_word_of_a_server_is_cut(cli: Cli, server: FaultServer, url: str) -> None:
    server.play(problem(500, detail="x" * 100_000))
    assert len(cli("call", "order", "--url", url, "--retries", "0").err) < 2000
    assert printable("x" * 600) == "x" * 500 + "…"


# What it exits with


@pytest.mark.parametrize(
    ("status", "code"), [(status, row.exit_code) for row in TABLE for status in row.statuses if status != 508]
)
def test_the_exit_code_says_what_a_status_means(
    cli: Cli, server: FaultServer, url: str, status: int, code: int
) -> None:
    server.play(Answer(status=status, body=b"no"))
    assert cli("call", "order", "--url", url, "--retries", "0").code == code


JSON_TYPE = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("script", "code", "kind"),
    [
        (Answer(body=b"{", headers=JSON_TYPE), 76, "bad-payload"),
        (Answer(body=b"[]", headers=JSON_TYPE), 76, "schema-mismatch"),
        (Answer(body=b"<p>", headers={"Content-Type": "text/html"}), 76, "bad-content-type"),
        ([ReadRequest(), Hang()], 75, "deadline-exceeded"),
        ([ReadRequest(), Reset()], 69, "connection-lost"),
        ([ReadRequest(), Close()], 69, "connection-lost"),
    ],
)
def test_the_exit_code_says_how_an_exchange_failed(
    cli: Cli, server: FaultServer, url: str, script: Any, code: int, kind: str
) -> None:
    server.play(script)
    outcome = cli("call", "order", "--url", url, "--timeout", "0.3", "--retries", "0")
    assert outcome.code == code, outcome.err
    assert f"({kind}, " in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_the_exit_code_says_that_nobody_listens(cli: Cli, server: FaultServer, url: str) -> None:
    server.refuse()
    outcome = cli("call", "order", "--url", url)
    assert outcome.code == 69
    assert "connection refused" in outcome.err


def test_the_exit_code_says_that_the_server_is_not_trusted(cli: Cli, authority: CertificateAuthority) -> None:
    with FaultServer(ssl_context=authority.server().server_context()) as server:
        outcome = cli("call", "order", "--url", f"{server.url}/action")
        assert outcome.code == 77
        assert "tls-peer-untrusted" in outcome.err
        trusting = cli("call", "order", "--url", f"{server.url}/action", "--ca", authority.certificate)
        assert trusting.code == 0, trusting.err
        careless = cli("call", "order", "--url", f"{server.url}/action", "--insecure-dev")
        assert careless.code == 0, careless.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["call"], "no action is named"),
        (["call", "order", "--url", "http://localhost/action", "--config", "x"], "--url and --config"),
        (["call", "order", "--entity", "latte"], "--entity 'latte' is no pair"),
        (["call", "order", "--slot", "=x"], "--slot '=x' is no pair"),
        (["call", "order", "--frame", "{"], "--frame is not JSON"),
        (["call", "order", "--frame", "[1]"], "--frame is no JSON object"),
        (["call", "order", "--context", "@absent.json"], "@absent.json cannot be read: No such file"),
        (["call", "order", "--params", '{"langage": "en"}'], "--params has the unknown member 'langage'"),
        (["call", "order", "--params", '{"allowed_intents": 3}'], "--params has a value of the wrong kind"),
        (["call", "order", "--header", "X-Tenant", "--url", "http://localhost/"], "a --header has no colon"),
        (["call", "order", "--payload", "absent.json"], "absent.json cannot be read"),
        (["call", "order", "--timeout", "soon"], "'--timeout'"),
        (["call", "order", "--nonsense"], "--nonsense"),
        (["cal"], "cal"),
        (["chat"], "app"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_command_line_is_one_line_and_64(cli: Cli, arguments: list[str], said: str) -> None:
    outcome = cli(*arguments)
    assert outcome.code == 64
    assert len(outcome.err.splitlines()) == 1
    assert outcome.err.startswith("mm-actions: ")
    assert said.lower() in outcome.err.lower()
    assert outcome.out == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"request": {"text": 7}}', "is no invocation"),
        (b'{"request": {"text": "\xff"}}', "is not UTF-8"),
        (b'{"request": []}', "is no invocation"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"responder": {"params": {"timestamp": []}}}', "is no invocation"),
    ],
)  # fmt: skip
def test_a_recording_that_is_none_is_one_line_and_64(cli: Cli, home: Path, content: bytes, said: str) -> None:
    (home / "payload.json").write_bytes(content)
    outcome = cli("call", "order", "--payload", "payload.json", "--url", "http://127.0.0.1:1/")
    assert (outcome.code, len(outcome.err.splitlines())) == (64, 1)
    assert said in outcome.err


@pytest.mark.parametrize(
    ("arguments", "file", "said"),
    [
        ([], "", "no server is given: pass --url or --config"),
        ([], "url: nowhere", "needs a scheme"),
        ([], "url: http://localhost/action\ntimout: 3", "did you mean 'timeout'?"),
        ([], "url: ${ABSENT_URL}", "needs the environment variable ABSENT_URL"),
        ([], "servers:\n  a: {url: http://h/}\n  b: {url: http://h/}", "names no server for action 'order'"),
        (["--config", "absent.yaml"], "", "absent.yaml cannot be read"),
        (["--config", "."], "", "has neither actions.yaml nor a config.py"),
        (["--cert", "absent.pem"], "url: https://localhost/action", "absent.pem does not exist"),
        (["--key", "absent.pem"], "url: https://localhost/action", "private_key without its certificate"),
        (["--engine", "crul"], "url: http://localhost/action", "did you mean 'curl'?"),
        (["--timeout", "0"], "url: http://localhost/action", "positive number of seconds"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_one_line_and_78(
    cli: Cli, home: Path, arguments: list[str], file: str, said: str
) -> None:
    if file:
        (home / "actions.yaml").write_text(file, encoding="utf-8")
    outcome = cli("call", "order", *arguments)
    assert (outcome.code, len(outcome.err.splitlines())) == (78, 1)
    assert said in outcome.err


def test_a_config_module_that_fails_is_one_line_and_78(cli: Cli, home: Path) -> None:
    (home / "config.py").write_text("1 / 0\n", encoding="utf-8")
    outcome = cli("call", "order", "--config", ".")
    assert (outcome.code, len(outcome.err.splitlines())) == (78, 1)
    assert "ZeroDivisionError" in outcome.err


def test_a_text_that_json_cannot_carry_is_one_line_and_65(cli: Cli, url: str) -> None:
    outcome = cli("call", "order", "--url", url, "--text", "\udcff")
    assert (outcome.code, len(outcome.err.splitlines())) == (65, 1)
    assert "encoding-failed" in outcome.err
