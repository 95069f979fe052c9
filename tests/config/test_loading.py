"""Settings from a dict, a file and the environment."""

import pickle
from pathlib import Path

import pytest

from mm_actions import Config, CustomActionException, Secret, ServerSettings, load_config
from mm_actions.config import BasicAuth, BearerAuth, HmacAuth, with_environment
from mm_actions.errors import ConfigurationError

URL = "http://localhost:8080/action"
YAML = """
timeout: 3
headers: {X-Team: coffee}
servers:
  java:
    url: https://java.example:8443/action
    cert: tls/ca.pem
    public_key: /etc/client.pem
    auth: {bearer: "${TOKEN}"}
  go:
    url: ${GO_URL:-http://localhost:9000/action}
    timeout: 1.5
    history: 2
actions: {get_hours: java, place_order: go}
default: go
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "actions.yaml"
    path.write_text(YAML)
    return path


def test_mindmelds_dict_is_taken_as_it_is():
    config = load_config({"url": URL, "cert": "ca.pem", "public_key": "c.pem", "private_key": "k.pem"})
    name, server = config.server_of("anything")
    assert name == "default"
    assert (server.url, server.cert, server.public_key, server.private_key) == (
        URL,
        "ca.pem",
        "c.pem",
        "k.pem",
    )


def test_the_defaults_are_safe():
    server = load_config({"url": URL}).servers["default"]
    assert (server.timeout, server.connect_timeout, server.retries) == (5.0, 1.0, 1)
    assert (server.verify, server.idempotent, server.history) == (True, False, None)
    assert server.max_response_bytes == 1 << 20


def test_a_file_names_many_servers_and_the_action_chooses(file):
    config = load_config(file, environ={"TOKEN": "t0p"})
    name, java = config.server_of("get_hours")
    assert (name, java.timeout, dict(java.headers)) == ("java", 3.0, {"X-Team": "coffee"})
    assert java.auth == BearerAuth(token=Secret("t0p"))
    assert java.cert == str(file.parent / "tls" / "ca.pem")
    assert java.public_key == "/etc/client.pem"
    name, go = config.server_of("not listed")
    assert (name, go.url, go.timeout, go.history) == ("go", "http://localhost:9000/action", 1.5, 2)
    assert config.timeout == 3.0


def test_what_was_read_is_taken_again(file):
    config = load_config(str(file), environ={"TOKEN": "t"})
    assert load_config(config) is config
    server = config.servers["go"]
    assert load_config(server).server_of("x") == ("default", server)
    assert pickle.loads(pickle.dumps(server)) == server


def test_a_dollar_is_written_twice():
    assert (
        load_config({"url": URL, "proxy": "http://$${x}"}, environ={}).servers["default"].proxy
        == "http://${x}"
    )


def test_the_only_server_is_the_default_and_several_need_one():
    assert load_config({"servers": {"a": {"url": URL}}}).server_of("x")[0] == "a"
    several = load_config({"servers": {"a": {"url": URL}, "b": {"url": URL}}, "actions": {"y": "b"}})
    assert several.server_of("y")[0] == "b"
    with pytest.raises(ConfigurationError, match=r"no server for action 'x'.*actions.*a, b"):
        several.server_of("x")


def test_credentials_are_read_in_each_form():
    read = lambda auth: load_config({"url": URL, "auth": auth}).servers["default"].auth  # noqa: E731
    assert read({"bearer": "t"}) == BearerAuth(token=Secret("t"))
    assert read({"basic": {"username": "u", "password": "p"}}) == BasicAuth(
        username="u", password=Secret("p")
    )
    assert read({"hmac": "s"}) == HmacAuth(secret=Secret("s"))
    assert read(HmacAuth(secret=Secret("s"))) == HmacAuth(secret=Secret("s"))


def test_secrets_do_not_show():
    config = load_config(
        {
            "url": URL,
            "public_key": "c.pem",
            "private_key_password": "canary-1",
            "auth": {"basic": {"username": "u", "password": "canary-2"}},
            "headers": {"X-Key": "canary-3"},
            "proxy": "http://u:canary-4@proxy",
        }
    )
    assert "canary" not in repr(config)
    assert str(Secret("canary")) == "Secret('***')"
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a").reveal() == "a"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "names no server"),
        ({"url": ""}, "names no server"),
        ({"url": 5}, "url is int that is not a line of text"),
        ({"url": "localhost:8080"}, r"scheme \(http, https, rasa\+http, .*\) and a host"),
        ({"url": "ftp://host/"}, "scheme"),
        ({"url": "http://"}, "host"),
        ({"url": "http://host:99999/"}, "not a URL"),
        ({"url": "http://host:0/"}, "port 0"),
        ({"url": "http://u:p@host/"}, "auth"),
        ({"url": "http://host/a b"}, "white space"),
        ({"url": "http://host/\r\nX: y"}, "line of text"),
        ({"url": URL, "tiemout": 3}, "unknown key 'tiemout': did you mean 'timeout'"),
        ({"url": URL, "zzz": 3}, "the keys are url, cert"),
        ({"url": URL, "timeout": 0}, "positive number of seconds"),
        ({"url": URL, "timeout": -1}, "positive number of seconds"),
        ({"url": URL, "timeout": "soon"}, "positive number of seconds"),
        ({"url": URL, "timeout": float("inf")}, "positive number of seconds"),
        ({"url": URL, "timeout": float("nan")}, "positive number of seconds"),
        ({"url": URL, "timeout": True}, "positive number of seconds"),
        ({"url": URL, "retries": 1.5}, "whole number"),
        ({"url": URL, "retries": -1}, "whole number"),
        ({"url": URL, "retries": 11}, "from 0 to 10"),
        ({"url": URL, "cert": "ca.pem", "engine": object()}, "session of your own"),
        ({"url": URL, "history": "some"}, "whole number"),
        ({"url": URL, "idempotent": "maybe"}, "true or false, nor a list of actions"),
        ({"url": URL, "idempotent": ["a", 5]}, "idempotent.1 is int"),
        ({"url": URL, "verify": False}, "insecure_dev"),
        ({"url": URL, "engine": "crul"}, "did you mean 'curl'"),
        ({"url": URL, "private_key": "k.pem"}, "public_key"),
        ({"url": URL, "private_key_password": "p"}, "public_key"),
        ({"url": URL, "headers": {"a b": "x"}}, "not the name of a header"),
        ({"url": URL, "headers": {"X-A": "a\r\nB: c"}}, "line of text"),
        ({"url": URL, "headers": {"Content-Length": "5"}}, "the gateway sets itself"),
        ({"url": URL, "headers": ["X-A"]}, "group of keys"),
        ({"url": URL, "auth": "token"}, "group of keys"),
        ({"url": URL, "auth": {}}, "exactly one of"),
        ({"url": URL, "auth": {"bearer": "a", "hmac": "b"}}, "exactly one of"),
        ({"url": URL, "auth": {"baerer": "a"}}, "did you mean 'bearer'"),
        ({"url": URL, "auth": {"basic": {"username": "u"}}}, "auth.basic.password"),
        ({"url": URL, "auth": {"bearer": "${NOT_SET}"}}, "variable NOT_SET, which is not set"),
        ({"url": URL, "actions": {"x": "jvaa"}}, "actions.x is 'jvaa': there are default"),
        ({"url": URL, "actions": ["x"]}, "group of keys"),
        ({"servers": {"java": {"url": URL}}, "actions": {"x": "jav"}}, "did you mean 'java'"),
        ({"servers": {"java": {"url": URL}}, "default": "go"}, "there are java"),
        ({"servers": {"java": {"timeout": 1}}}, "has no `url`"),
        ({"servers": {"java": URL}}, "group of keys"),
        ({"servers": {"default": {"url": URL}}, "url": URL}, "keep one"),
        ({"servers": {"java": {"url": URL}}, "tiemout": 3}, "did you mean 'timeout'"),
        (5, "is int, not a dict"),
    ],
)
def test_a_mistake_is_a_clear_error(source, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_config(source, environ={})
    assert isinstance(caught.value, CustomActionException)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no settings"),
        ("- a", "holds no settings"),
        ("a: [", "not YAML"),
        ("url: !!python/none x", "not YAML"),
    ],
)
def test_a_file_that_holds_no_settings_is_a_clear_error(tmp_path, text, message):
    path = tmp_path / "actions.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        load_config(path)


def test_a_file_that_cannot_be_read_is_a_clear_error(tmp_path):
    with pytest.raises(ConfigurationError, match="No such file"):
        load_config(tmp_path / "missing.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="not YAML"):
        load_config(binary)


def test_variables_alone_are_settings():
    environ = {
        "MM_ACTIONS_URL": URL,
        "MM_ACTIONS_TIMEOUT": "2.5",
        "MM_ACTIONS_IDEMPOTENT": "yes",
        "MM_ACTIONS_SERVERS__JAVA__URL": "https://java/action",
        "MM_ACTIONS_ACTIONS__GET_HOURS": "java",
        "UNRELATED": "x",
    }
    config = with_environment(None, environ=environ)
    assert config.server_of("get_hours")[1].url == "https://java/action"
    assert config.servers["default"].timeout == 2.5
    assert config.servers["default"].idempotent is True
    assert with_environment(None, environ={"UNRELATED": "x"}) is None


def test_variables_go_before_what_the_app_says_key_by_key(file):
    own = {"url": URL, "timeout": 9}
    config = with_environment(own, environ={"MM_ACTIONS_TIMEOUT": "1"})
    assert (config.servers["default"].url, config.timeout) == (URL, 1.0)
    assert own == {"url": URL, "timeout": 9}
    environ = {"TOKEN": "t", "MM_ACTIONS_SERVERS__GO__URL": "http://other/action"}
    assert with_environment(file, environ=environ).servers["go"].url == "http://other/action"
    assert with_environment(own, environ={}).servers["default"].timeout == 9


def test_a_variable_can_name_the_file(file):
    environ = {"MM_ACTIONS_CONFIG": str(file), "TOKEN": "t", "MM_ACTIONS_DEFAULT": "java"}
    config = with_environment({"url": URL}, environ=environ)
    assert config.default == "java"
    assert config.servers["java"].cert == str(file.parent / "tls" / "ca.pem")
    assert with_environment(None, environ={"MM_ACTIONS_CONFIG": str(file), "TOKEN": "t"}).default == "go"


def test_variables_that_cannot_fit_are_a_clear_error():
    with pytest.raises(ConfigurationError, match="MM_ACTIONS_URL__X"):
        with_environment(None, environ={"MM_ACTIONS_URL": URL, "MM_ACTIONS_URL__X": "y"})
    with pytest.raises(ConfigurationError, match="did you mean 'timeout'"):
        with_environment(None, environ={"MM_ACTIONS_URL": URL, "MM_ACTIONS_TIMEUOT": "1"})


def test_settings_that_were_made_in_code_are_not_touched_by_variables():
    config = Config(servers={"a": ServerSettings(url=URL)}, default="a")
    assert with_environment(config, environ={"MM_ACTIONS_TIMEOUT": "1"}) is config


def test_a_path_object_is_taken_for_a_file_key(tmp_path):
    assert load_config({"url": URL, "cert": tmp_path / "ca.pem"}).servers["default"].cert == str(
        tmp_path / "ca.pem"
    )
    assert load_config({"url": URL, "cert": "~/ca.pem"}).servers["default"].cert == str(
        Path.home() / "ca.pem"
    )


def test_an_absent_value_counts_as_absent():
    assert load_config({"url": URL, "cert": None, "auth": None}).servers["default"].auth is None


def test_the_figures_of_resilience_are_a_group_of_keys():
    figures = {"breaker": {"failures": "7", "open_for": 2.5}, "bulkhead": {"limit": 5}, "budget": {}}
    settings = load_config({"url": URL, "resilience": figures}).servers["default"].resilience
    assert (settings.breaker.failures, settings.breaker.open_for) == (7, 2.5)
    assert (settings.bulkhead.limit, settings.bulkhead.queue) == (5, 100)
    assert load_config({"url": URL, "resilience": settings}).servers["default"].resilience is settings


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"braker": {}}, "did you mean 'breaker'"),
        ({"breaker": {"failure": 1}}, "did you mean 'failures'"),
        ({"breaker": {"failures": 0}}, "resilience.breaker: BreakerPolicy.failures is 0"),
        ({"breaker": {"failures": 1.5}}, "whole number"),
        ({"breaker": {"open_for": "long"}}, "not a number"),
        ({"retry": {"retries": 3}}, "unknown key 'retries'"),
        ({"retry": 3}, "group of keys"),
        (3, "group of keys"),
    ],
)
def test_a_figure_that_cannot_be_is_a_clear_error(figures, message):
    with pytest.raises(ConfigurationError, match=message):
        load_config({"url": URL, "resilience": figures})
