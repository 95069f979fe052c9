"""docs/actions.schema.json: it is what the settings say, and it judges files as they are judged when read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from tools import config_schema

from mm_actions import ConfigurationError, load_config
from mm_actions.config.checking import SERVER_KEYS

ROOT = Path(__file__).parents[2]
URL = "url: http://localhost:8080/action"
TWO = "servers: {a: {url: 'http://a/'}, b: {url: 'https://b/'}}"

ACCEPTED = [
    URL,
    TWO,
    f"{URL}\ncert: ca.pem\npublic_key: client.pem\nprivate_key: key.pem\nprivate_key_password: pass",
    f"{URL}\ntimeout: 3\nconnect_timeout: '0.5'\nretries: 0\nhistory: none\nmax_response_bytes: 1000",
    f"{URL}\nhistory: 5\nidempotent: 'Yes'\nengine: aiohttp\nstrict: true\nproxy: http://proxy:3128",
    f"{URL}\nheaders: {{X-Tenant: acme}}\nauth: {{bearer: token}}",
    f"{URL}\nauth: {{basic: {{username: me, password: mine}}}}",
    f"{URL}\nauth: {{hmac: '${{SECRET}}'}}\ntimeout: ${{TIMEOUT:-3}}\nverify: ${{VERIFY:-true}}",
    f"{URL}\nverify: false\ninsecure_dev: true",
    f"{URL}\ncert:\nauth: null\nengine:",
    f"{TWO}\nactions: {{order: a}}\ndefault: b\ntimeout: 4",
    f"{URL}\nservers: {{a: {{url: 'http://a/'}}}}\nactions: {{order: a, pay: default}}",
    "servers: {a: {url: 'http://a/', public_key: c.pem}}\nprivate_key: key.pem",
    "url: ${SHOP_URL:-http://localhost/action}",
    "url: HTTPS://[::1]:8443/a?b=c#d",
    f"{URL}\nresilience: {{retry: {{base: 0.1}}, breaker: {{failures: 3}}, bulkhead: {{limit: 5}}}}",
    f"{URL}\nactions:\nservers:\ndefault:",
    "url: python:shop.actions\npython: {strict: true, reload: 'no'}",
    "url: rasa+http://host:5055/webhook\nrasa: {send: slots, actions: {a: [events]}, params: {v: 3}}",
    "url: grpcs://host\nrasa: {domain: domain.yml, selective_domain: true, compress: true}",
    "url: 'mcp+stdio:serve --all'\nmcp: {tools: {a: b}, env: {KEY: value}, cwd: here, protocol: legacy}",
    "url: mcp+https://host/mcp\nmcp: {arguments: {a: {n: 'slot:n', t: text, c: {value: [1]}}}}",
    "url: mcp+http://host/mcp\nmcp: {slots: {a: {total: /sum, all: ''}}}",
]
REFUSED = [
    "url: 'python:'",
    "url: python:shop actions",
    "url: 'mcp+stdio: '",
    "url: python:shop\npython: {reload: soon}",
    "url: python:shop\npython: {relaod: true}",
    "url: rasa+http://host/\nrasa: {send: everything}",
    "url: rasa+http://host/\nrasa: {params: [a]}",
    "url: mcp+http://host/\nmcp: {arguments: {a: {n: 'sloot:n'}}}",
    "url: mcp+http://host/\nmcp: {slots: {a: {total: sum}}}",
    "{}",
    "[]",
    "servers: {}",
    "timeout: 3",
    "url: localhost:8080",
    "url: ftp://host/",
    "url: http://",
    "url: http://me:mine@host/",
    "url: http://a host/",
    f"{URL}\ntimout: 3",
    f"{URL}\ntimeout: 0",
    f"{URL}\ntimeout: -1",
    f"{URL}\ntimeout: soon",
    f"{URL}\ntimeout: true",
    f"{URL}\nretries: -1",
    f"{URL}\nretries: 100000",
    f"{URL}\nretries: 1.5",
    f"{URL}\nmax_response_bytes: 0",
    f"{URL}\nidempotent: perhaps",
    f"{URL}\nidempotent: 1",
    f"{URL}\nengine: crul",
    f"{URL}\nhistory: some",
    f"{URL}\ncert: 3",
    f"{URL}\nproxy: ''",
    f"{URL}\nheaders: [X-Tenant]",
    f"{URL}\nheaders: {{'X Tenant': acme}}",
    f"{URL}\nheaders: {{Content-LENGTH: '3'}}",
    f"{URL}\nheaders: {{X-Tenant: 3}}",
    f'{URL}\nheaders: {{X-Tenant: "a\\nb"}}',
    f"{URL}\nauth: {{}}",
    f"{URL}\nauth: token",
    f"{URL}\nauth: {{bearer: a, hmac: b}}",
    f"{URL}\nauth: {{basic: {{username: me}}}}",
    f"{URL}\nauth: {{basic: {{username: me, password: mine, realm: x}}}}",
    f"{URL}\nprivate_key: key.pem",
    f"{URL}\nprivate_key_password: pass",
    f"{URL}\nverify: false",
    f"{URL}\nservers: {{default: {{url: 'http://a/'}}}}",
    "servers: {a: {}}",
    "servers: {a: {url: 'http://a/', timout: 3}}",
    "servers: {a: http://a/}",
    f"{TWO}\nactions: [order]",
    f"{TWO}\nactions: {{order: 3}}",
    f"{TWO}\ntimout: 3",
    f"{URL}\nresilience: {{retyr: {{}}}}",
    f"{URL}\nresilience: {{breaker: {{failures: many}}}}",
    f"{URL}\nresilience: {{retry: {{retries: 3}}}}",
]
REFUSED_BY_THE_READER_ALONE = [
    f"{TWO}\ndefault: c",
    f"{TWO}\nactions: {{order: c}}",
    "url: ${ABSENT}",
    "url: ${ABSENT:-nowhere}",
    f"{URL}\nresilience: {{breaker: {{success_ratio: 7}}}}",
    "servers: {a: {url: 'http://a/', private_key: key.pem}}",
    "url: http://host:99999/",
]


@pytest.fixture(scope="module")
def judge() -> jsonschema.Draft7Validator:
    schema = json.loads((ROOT / "docs" / "actions.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def loads(text: str, folder: Path) -> bool:
    file = folder / "actions.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        load_config(file, environ={"SECRET": "x"})
    except ConfigurationError:
        return False
    return True


def test_the_schema_is_what_the_settings_say() -> None:
    assert config_schema.main(["--check"]) == 0


def test_a_schema_that_is_not_what_the_settings_say_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(config_schema, "TARGET", tmp_path / "schema.json")
    assert config_schema.main(["--check"]) == 1
    assert "python -m tools.config_schema" in capsys.readouterr().err
    assert config_schema.main([]) == 0
    assert config_schema.main(["--check"]) == 0


def test_every_key_of_a_server_is_described(judge: jsonschema.Draft7Validator) -> None:
    properties = judge.schema["properties"]
    assert set(properties) == {*SERVER_KEYS, "servers", "actions", "default"}
    assert all(member["description"] for member in properties.values())
    assert properties["timeout"]["default"] == 5.0


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_is_read_is_accepted(judge: jsonschema.Draft7Validator, tmp_path: Path, text: str) -> None:
    assert loads(text, tmp_path)
    assert [error.message for error in judge.iter_errors(yaml.safe_load(text))] == []


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_is_refused(judge: jsonschema.Draft7Validator, tmp_path: Path, text: str) -> None:
    assert not loads(text, tmp_path)
    assert not judge.is_valid(yaml.safe_load(text))


@pytest.mark.parametrize("text", REFUSED_BY_THE_READER_ALONE)
def test_what_no_schema_can_see_is_refused_when_it_is_read(
    judge: jsonschema.Draft7Validator, tmp_path: Path, text: str
) -> None:
    assert not loads(text, tmp_path)
    assert judge.is_valid(yaml.safe_load(text))


SAMPLES = sorted((ROOT / "examples").rglob("actions.yaml"))


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.parent.name)
def test_the_samples_are_accepted(judge: jsonschema.Draft7Validator, file: Path) -> None:
    content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert [error.message for error in judge.iter_errors(content)] == []
