"""`mm-actions call`: what is sent, what is shown, what it exits with."""

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

EXAMPLES = Path(__file__).parents[2] / "openapi" / "examples"
REPLY = {"name": "reply", "type": "view", "payload": {"text": "Done."}}


def problem(status: int, **members: Any) -> Answer:
    body = json.dumps({"status": status, **members}).encode()
    return Answer(status=status, body=body, headers={"Content-Type": "application/problem+json"})


# What is sent


def test_what_the_options_say_is_the_turn_that_is_sent(cli: Cli, server: FaultServer, url: str) -> None:
    outcome = cli(
        "call", "order", "--url", url, "--text", "A large Latte", "--domain", "shop", "--intent", "buy",
        "--entity", "drink=latte", "--entity", "sys_number|count=2", "--frame", '{"cups": 1}',
        "--slot", "name=Ada", "--params", '{"language": "en", "timestamp": 17}', "--context", '{"user": "u"}',
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    sent = server.requests[0].json()
    assert sent["action"] == "order"
    request, responder = sent["request"], sent["responder"]
    assert (request["text"], request["domain"], request["intent"]) == ("A large Latte", "shop", "buy")
    assert request["entities"][0] == {
        "text": "latte", "type": "drink", "role": None, "value": [{"cname": "latte"}],
        "span": {"start": 8, "end": 12},
    }  # fmt: skip
    assert (request["entities"][1]["type"], request["entities"][1]["role"]) == ("sys_number", "count")
    assert "span" not in request["entities"][1]
    assert request["frame"] == responder["frame"] == {"cups": 1}
    assert request["params"]["language"] == "en"
    assert request["params"]["timestamp"] == "17"
    assert request["context"] == {"user": "u"}
    assert responder["slots"] == {"name": "Ada"}
    assert responder["directives"] == []


def test_a_json_option_may_name_a_file(cli: Cli, server: FaultServer, url: str, home: Path) -> None:
    (home / "frame.json").write_text('{"cups": 3}', encoding="utf-8")
    assert cli("call", "order", "--url", url, "--frame", "@frame.json").code == 0
    assert server.requests[0].json()["request"]["frame"] == {"cups": 3}


@pytest.mark.parametrize("name", ["full", "minimal", "unknown_members", "nlp_lists", "params_all_null"])
def test_a_recorded_invocation_goes_out_as_it_was_recorded(
    cli: Cli, server: FaultServer, url: str, home: Path, name: str
) -> None:
    recorded = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))["request"]
    (home / "payload.json").write_text(json.dumps(recorded), encoding="utf-8")
    assert cli("call", "--payload", "payload.json", "--url", url).code == 0
    sent = server.requests[0].json()
    assert sent["action"] == recorded["action"]
    assert sent["request"] == recorded["request"]
    for member in ("frame", "directives", "slots"):
        assert sent["responder"][member] == (
            recorded["responder"].get(member) or type(sent["responder"][member])()
        )


def test_options_go_before_the_recorded_invocation(
    cli: Cli, server: FaultServer, url: str, home: Path
) -> None:
    recorded = {
        "action": "old",
        "request": {"text": "old", "intent": "kept"},
        "responder": {"slots": {"a": "1"}},
    }
    (home / "payload.json").write_text(json.dumps(recorded), encoding="utf-8")
    assert (
        cli("call", "new", "--payload", "payload.json", "--text", "new", "--slot", "b=2", "--url", url).code
        == 0
    )
    sent = server.requests[0].json()
    assert sent["action"] == "new"
    assert sent["request"] == {"text": "new", "intent": "kept"}
    assert sent["responder"]["slots"] == {"a": "1", "b": "2"}


def test_settings_of_the_command_line_reach_the_server(
    cli: Cli, server: FaultServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    outcome = cli(
        "call", "order", "--url", url, "--bearer", "${SHOP_TOKEN}", "--header", "X-Tenant: acme",
        "--header", "X-Time:12:30", "--timeout", "3", "--idempotent",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    headers = server.requests[0].headers
    assert headers["authorization"] == "Bearer s3cret"
    assert (headers["x-tenant"], headers["x-time"]) == ("acme", "12:30")
    assert 0 < int(headers["x-mm-timeout-ms"]) <= 3000
    assert headers["idempotency-key"]
    assert "s3cret" not in outcome.out + outcome.err


# Where it is sent


def test_without_a_server_the_file_that_is_here_is_read(cli: Cli, url: str, home: Path) -> None:
    (home / "actions.yaml").write_text(f"url: {url}\n", encoding="utf-8")
    assert cli("call", "order").code == 0


def test_the_environment_goes_before_the_file_that_is_here(
    cli: Cli, url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "actions.yaml").write_text("url: http://127.0.0.1:1/action\n", encoding="utf-8")
    monkeypatch.setenv("MM_ACTIONS_URL", url)
    assert cli("call", "order").code == 0


def test_a_url_of_the_command_line_is_taken_alone(
    cli: Cli, server: FaultServer, url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MM_ACTIONS_URL", "http://127.0.0.1:1/action")
    monkeypatch.setenv("MM_ACTIONS_HEADERS__X_FROM", "environment")
    (home / "actions.yaml").write_text("url: http://127.0.0.1:1/action\nidempotent: true\n", encoding="utf-8")
    assert cli("call", "order", "--url", url).code == 0
    assert not {"x_from", "idempotency-key"} & server.requests[0].headers.keys()


@pytest.mark.parametrize("file", ["actions.yaml", "config.py"])
def test_an_apps_folder_is_a_configuration(cli: Cli, url: str, home: Path, file: str) -> None:
    (home / "app").mkdir()
    text = f"url: {url}\n" if file == "actions.yaml" else f"CUSTOM_ACTION_CONFIG = {{'url': '{url}'}}\n"
    (home / "app" / file).write_text(text, encoding="utf-8")
    assert cli("call", "order", "--config", "app").code == 0


def test_options_change_the_settings_of_the_actions_own_server_alone(
    cli: Cli, server: FaultServer, url: str, home: Path
) -> None:
    (home / "actions.yaml").write_text(
        "servers:\n"
        f"  shop:\n    url: {url}?price=$$5\n    headers: {{X-One: kept, X-Two: file}}\n"
        "  other:\n    url: http://127.0.0.1:1/action\n"
        "actions: {order: shop}\n",
        encoding="utf-8",
    )
    outcome = cli("call", "order", "--header", "x-two: option", "--retries", "0", "--json")
    assert (outcome.code, outcome.json["server"]) == (0, "shop")
    received = server.requests[0]
    assert (received.headers["x-one"], received.headers["x-two"]) == ("kept", "option")
    assert received.path.endswith("?price=$5")


# What is shown


def test_directives_and_changes_are_shown(cli: Cli, server: FaultServer, url: str) -> None:
    offers = {"name": "suggestions", "type": "view", "payload": [{"text": "yes"}, {"text": "no"}, {"id": 7}]}
    items = {"name": "list", "type": "view", "payload": [{"title": "Mocha"}, {"title": "Latte"}]}
    own = {"name": "play", "type": "action", "payload": {"song": 7}}
    listen = {"name": "listen", "type": "action"}
    server.play(
        Answer(
            json={
                "directives": [REPLY, offers, items, own, listen],
                "frame": {"cups": 2, "open": True},
                "params": {"language": "en"},
            }
        )
    )
    outcome = cli("call", "order", "--url", url, "--frame", '{"cups": 1, "same": 0}')
    lines = [line.strip() for line in outcome.out.splitlines()]
    assert lines[0].startswith(f"ok  order on default ({url}), ")
    assert lines[0].endswith(" ms")
    assert lines[1:] == [
        "reply       Done.",
        'suggestions yes | no | {"id": 7}',
        'list        {"title": "Mocha"}',
        '{"title": "Latte"}',
        'play        {"song": 7}',
        "listen",
        "frame",
        "~ cups: 1 → 2",
        "+ open: true",
        "params",
        '~ language: null → "en"',
    ]
    assert outcome.err == ""


def test_without_merge_the_answer_replaces_what_was_there(cli: Cli, server: FaultServer, url: str) -> None:
    server.play(Answer(json={"frame": {"new": 1}, "directives": [REPLY]}))
    outcome = cli("call", "order", "--url", url, "--no-merge", "--frame", '{"old": 1}')
    assert "- old" in outcome.out
    assert "+ new: 1" in outcome.out


def test_an_answer_that_says_nothing_is_said_to(cli: Cli, url: str) -> None:
    assert "nothing changed" in cli("call", "order", "--url", url).out


@pytest.mark.parametrize("colour", [(), ("--async",)])
def test_json_tells_a_program_everything(
    cli: Cli, server: FaultServer, url: str, colour: tuple[str, ...]
) -> None:
    server.play(Answer(json={"directives": [REPLY], "frame": {"é": "\u202e"}}))
    outcome = cli("call", "order", "--url", url, "--json", *colour)
    assert outcome.code == 0
    assert outcome.out.isascii()
    found = outcome.json
    assert (found["result"], found["action"], found["server"], found["url"]) == (
        "ok",
        "order",
        "default",
        url,
    )
    assert (found["attempts"], found["error"]) == (1, None)
    assert found["elapsed"] > 0
    assert len(found["trace_id"]) == 32
    assert found["answer"] == {"directives": [REPLY], "frame": {"é": "\u202e"}}
    assert found["responder"]["directives"] == [REPLY]
    assert found["responder"]["params"]["allowed_intents"] == []


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
