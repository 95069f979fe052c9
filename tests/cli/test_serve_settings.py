"""What `mm-actions serve` is told, by whom, and who goes before whom."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from tools import config_schema_serving

from mm_actions import ConfigurationError, Secret
from mm_actions.config import with_environment
from mm_actions.server import ActionServer, BasicUsers, BearerTokens, ServerOptions, SignedBodies, SqliteKeys
from mm_actions.server.serving.settings import AUTH, OPTIONS, READERS, ServingSettings, serving_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome

    Cli = Callable[..., Outcome]

ROOT = Path(__file__).parents[2]


def read(text: str = "", given: dict[str, Any] | None = None, **variables: str) -> ServingSettings:
    """Read settings from a file, variables without their prefix, and options."""
    file = Path("settings.yaml")
    file.write_text(text or "{}", encoding="utf-8")
    environ = {f"MM_ACTIONS_SERVE_{name}": value for name, value in variables.items()}
    return serving_settings(file, given=given, environ={"SECRET": "from $elsewhere", **environ})


def test_without_any_settings_there_are_defaults(home: Path) -> None:
    assert serving_settings(environ={}) == ServingSettings()


def test_options_go_before_variables_and_these_before_the_file_and_all_before_the_code(home: Path) -> None:
    file = "port: 1\nhost: a\nthreads: 1\ntimeout: 1\nlog_level: error"
    settings = read(file, {"port": 3, "threads": 3}, HOST="b", PORT="2", THREADS="2", TIMEOUT="2.5")
    assert (settings.port, settings.host, settings.log_level) == (3, "b", "error")
    assert settings.options == {"threads": 3, "timeout": 2.5}
    server = ActionServer(threads=9, timeout=9, concurrency=9)
    settings.apply(server)
    assert (server.options.threads, server.options.timeout, server.options.concurrency) == (3, 2.5, 9)


def test_a_file_may_be_named_by_a_variable_or_be_the_serve_yaml_here(home: Path) -> None:
    (home / "serve.yaml").write_text("port: 1", encoding="utf-8")
    (home / "other.yaml").write_text("port: 2", encoding="utf-8")
    (home / "third.yaml").write_text("port: 3", encoding="utf-8")
    named = {"MM_ACTIONS_SERVE_CONFIG": "other.yaml"}
    assert serving_settings(environ={}).port == 1
    assert serving_settings(environ=named).port == 2
    assert serving_settings(Path("third.yaml"), environ=named).port == 3


def test_every_option_of_a_server_can_be_set(home: Path) -> None:
    in_code_alone = {"guards", "keys"}
    assert {option.name for option in fields(ServerOptions)} - in_code_alone == set(OPTIONS)
    assert not set(OPTIONS) & set(READERS)


def test_paths_are_a_list_or_a_line(home: Path) -> None:
    assert read("paths: [/a, /b]").options["paths"] == ("/a", "/b")
    assert read(PATHS="/a, /b").options["paths"] == ("/a", "/b")


def test_relative_files_start_from_the_settings_folder(home: Path) -> None:
    folder = home / "etc"
    folder.mkdir()
    (folder / "tokens").write_text("one\ntwo\n", encoding="utf-8")
    (folder / "serve.yaml").write_text(
        "keys: k.sqlite\nauth: {bearer_file: tokens, bearer: zero}", encoding="utf-8"
    )
    settings = serving_settings(folder / "serve.yaml", environ={})
    assert settings.keys == str(folder / "k.sqlite")
    assert set(settings.bearer) == {Secret("zero"), Secret("one"), Secret("two")}


@pytest.mark.parametrize(
    "written",
    [
        "{hmac: new}",
        "{hmac: [new]}",
        "{hmac: {next: new}}",
        "{hmac: '${NEW:-new}'}",
        "{hmac: ['${NEW:-new}']}",
    ],
)
def test_a_secret_may_stand_alone_in_a_list_or_under_a_name(home: Path, written: str) -> None:
    assert read(f"auth: {written}").hmac == (Secret("new"),)


def test_variables_may_hold_several_secrets_each_under_a_name(home: Path) -> None:
    settings = read(
        AUTH__HMAC__NEW="a",
        AUTH__HMAC__OLD="b",
        AUTH__BASIC__SHOP="c",
        TLS_KEY_PASSWORD="d",
        TLS_CERT="e",
        TLS_KEY="f",
    )
    assert settings.hmac == (Secret("a"), Secret("b"))
    assert settings.basic == (("shop", Secret("c")),)
    assert settings.tls_key_password == Secret("d")


def test_a_passwords_file_holds_it(home: Path) -> None:
    (home / "password").write_text("sesame\n", encoding="utf-8")
    text = "tls_cert: c\ntls_key: k\ntls_key_password_file: password"
    assert read(text).tls_key_password == Secret("sesame")
    with pytest.raises(ConfigurationError, match="keep one"):
        read(f"{text}\ntls_key_password: sesame")


def test_guards_take_the_place_of_those_of_their_kind_and_keys_of_the_codes(home: Path) -> None:
    class Mine(BearerTokens):
        """A guard of the code's own, which a setting must not do away with."""

    users = BasicUsers({"shop": "x"})
    server = ActionServer(guards=(users, SignedBodies("old")))
    settings = read("auth: {hmac: new, bearer: token}\nkeys: k.sqlite")
    settings.apply(server)
    assert [type(guard) for guard in server.options.guards] == [BasicUsers, BearerTokens, SignedBodies]
    assert isinstance(server.options.keys, SqliteKeys)
    untouched = ActionServer(guards=(users,))
    read().apply(untouched)
    assert untouched.options.guards == (users,)


def test_secrets_are_in_no_text_of_the_settings(home: Path) -> None:
    settings = read(
        "auth: {bearer: c4nary, basic: {shop: c4nary}}\ntls_cert: a\ntls_key: b\ntls_key_password: c4nary"
    )
    assert "c4nary" not in repr(settings)


REFUSED = [
    ("prot: 1", "settings.yaml has the unknown key 'prot': did you mean 'port'?"),
    ("time_out: 1", "unknown key 'time_out': did you mean 'timeout'?"),
    ("auth: {beraer: a}", "settings.yaml: auth has the unknown key 'beraer': did you mean 'bearer'?"),
    ("port: 70000", "settings.yaml: port is 70000, not a whole number from 0 to 65535"),
    ("port: http", "settings.yaml: port is str that is not a whole number"),
    ("workers: 0", "workers is 0, not a whole number from 1 to 256"),
    ("timeout: 0", "settings.yaml: timeout is a number of at least 0.001"),
    ("threads: 1.5", "threads is 1.5, not a whole number"),
    ("reload: perhaps", "reload is str that is not true or false"),
    ("log_format: jsno", "log_format is 'jsno': did you mean 'json'?"),
    ("log_level: loud", "log_level is 'loud': there are debug, info, warning, error"),
    ("paths: [action]", "each beginning with a slash"),
    ("paths: 3", "paths is int that is not a list of paths"),
    ("tls_cert: a.pem", "tls_cert and tls_key go together"),
    ("client_ca: a.pem", "client_ca and tls_key_password need tls_cert and tls_key"),
    ("auth: {bearer_file: nowhere}", "nowhere cannot be read: No such file"),
    ("auth: {bearer_file: settings.yaml.empty}", "holds no secret"),
    ("auth: {bearer: ''}", "auth.bearer is str that is not a line of text"),
    ("auth: {hmac: ['${ABSENT}']}", "auth.hmac.0 needs the environment variable ABSENT"),
    ("auth: token", "auth is str that is not a group of keys"),
    ("[]", "write at least `port: 8080`"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_what_cannot_work_is_refused_with_its_place(home: Path, text: str, says: str) -> None:
    (home / "settings.yaml.empty").write_text("# nothing\n\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert says in str(caught.value)


def test_an_unknown_variable_is_refused_with_the_nearest(home: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"MM_ACTIONS_SERVE_\* has the unknown key 'prot': did you mean 'port'"
    ):
        read(PROT="1")


def test_those_who_call_actions_pass_over_what_servers_are_told() -> None:
    variables = {"MM_ACTIONS_SERVE_PORT": "1", "MM_ACTIONS_SERVERS__SHOP__URL": "http://shop/action"}
    config = with_environment(None, environ=variables)
    assert config is not None
    assert set(config.servers) == {"shop"}


def test_the_command_shows_mistakes_in_one_line(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "serve.yaml").write_text("prot: 1\n", encoding="utf-8")
    outcome = cli("serve", "actions")
    assert outcome.code == 78
    assert outcome.err == "mm-actions: serve.yaml has the unknown key 'prot': did you mean 'port'?\n"
    monkeypatch.setenv("MM_ACTIONS_SERVE_CONFIG", "nowhere.yaml")
    assert "nowhere.yaml cannot be read" in cli("serve", "actions").err
    assert cli("serve").code == 64


@pytest.fixture(scope="module")
def judge() -> jsonschema.Draft7Validator:
    schema = json.loads((ROOT / "docs" / "serve.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_every_key_is_described_in_the_schema(judge: jsonschema.Draft7Validator) -> None:
    properties = judge.schema["properties"]
    assert set(properties) == {*READERS, *OPTIONS}
    assert all(member["description"] for member in properties.values())
    assert properties["port"]["default"] == 8080
    assert properties["timeout"]["default"] == 30.0
    assert config_schema_serving.main(["--check"]) == 0


@pytest.mark.parametrize(
    "text",
    [
        "port: 0\nhost: 0.0.0.0\nworkers: ${WORKERS:-4}",
        "paths: [/a]\ntimeout: 3\nmax_body: 1000\nui:\nreload: yes",
        "auth: {bearer: a, hmac: [a, b], basic: {shop: c}}\nlog_format: json",
        "auth: {hmac: {new: a, old: b}}\nkeys: k.sqlite\nlog_level: WARNING",
    ],
)
def test_what_is_read_is_accepted_by_the_schema(
    judge: jsonschema.Draft7Validator, home: Path, text: str
) -> None:
    assert read(text)
    assert [error.message for error in judge.iter_errors(yaml.safe_load(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        text
        for text, _ in REFUSED
        if "_file" not in text and "ABSENT" not in text and "tls" not in text and "client_ca" not in text
    ],
)
def test_what_is_refused_is_refused_by_the_schema(judge: jsonschema.Draft7Validator, text: str) -> None:
    assert not judge.is_valid(yaml.safe_load(text))


def test_the_settings_in_the_documentation_are_read_and_all_keys_stand_there(home: Path) -> None:
    page = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    sample = page.partition("```text\n# serve.yaml\n")[2].partition("```")[0]
    (home / "tokens").write_text("token\n", encoding="utf-8")
    variables = {"SECRET": "new", "KEY_PASSWORD": "sesame"}
    (home / "serve.yaml").write_text(sample, encoding="utf-8")
    settings = serving_settings(environ=variables)
    assert (settings.workers, settings.options["concurrency"]) == (4, 200)
    assert settings.hmac == (Secret("new"), Secret("throw-away"))
    for key in {*READERS, *(f"auth.{name}" for name in AUTH)} - {"auth"}:
        assert f"`{key}`" in page
