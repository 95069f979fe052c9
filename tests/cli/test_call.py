"""`mm-actions call`: what is sent, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mm_actions.testing import Answer, FaultServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome

    Cli = Callable[..., Outcome]

EXAMPLES = Path(__file__).parents[2] / "openapi" / "examples"
REPLY = {"name": "reply", "type": "view", "payload": {"text": "Done."}}


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
