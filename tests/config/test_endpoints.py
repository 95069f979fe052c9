"""Rasa's endpoints.yml as a source of settings."""

import pytest

from mm_actions import Application, CustomAction, Request, load_config
from mm_actions.config import BasicAuth, Secret, with_environment
from mm_actions.config.rasa import RasaSettings
from mm_actions.errors import ConfigurationError

WHOLE = """
models:
  url: http://models.example/models
nlg:
  url: http://localhost:5056/nlg
action_endpoint:
  url: ${ACTION_SERVER:-https://actions.example:5055/webhook}
  params: {tenant: blue, version: 3}
  headers: {X-Team: coffee}
  basic_auth: {username: shop, password: "${SHOP_PASSWORD}"}
  token: ${ACTION_TOKEN}
  token_name: key
  cafile: certs/ca.pem
  ssl_client_cert: certs/client.pem
  ssl_client_key: certs/client.key
  enable_selective_domain: true
tracker_store:
  type: SQL
  url: ${NOBODY_HAS_SET_THIS}
"""
ENVIRON = {"SHOP_PASSWORD": "canary-1", "ACTION_TOKEN": "canary-2"}


def server_of(section, **beside):
    return load_config({"action_endpoint": section, **beside}, environ={}).servers["default"]


def test_every_key_of_the_section_is_read_and_other_sections_are_passed_over(tmp_path):
    file = tmp_path / "endpoints.yml"
    file.write_text(WHOLE, encoding="utf-8")
    server = load_config(file, environ=ENVIRON).servers["default"]
    assert server.url == "rasa+https://actions.example:5055/webhook"
    assert server.headers == (("X-Team", "coffee"),)
    assert server.auth == BasicAuth(username="shop", password=Secret("canary-1"))
    assert server.cert == str(tmp_path / "certs/ca.pem")
    assert server.public_key == str(tmp_path / "certs/client.pem")
    assert server.private_key == str(tmp_path / "certs/client.key")
    assert server.rasa == RasaSettings(
        params=(("tenant", "blue"), ("version", "3")),
        token=Secret("canary-2"),
        token_name="key",
        selective_domain=True,
    )
    assert "canary" not in repr(server)


@pytest.mark.parametrize(
    ("section", "url"),
    [
        ({"url": "http://host:5055/webhook"}, "rasa+http://host:5055/webhook"),
        ({"url": "HTTPS://host/webhook"}, "rasa+https://host/webhook"),
        ({"url": "host:5055/webhook"}, "rasa+http://host:5055/webhook"),
        ({"url": "localhost"}, "rasa+http://localhost"),
        ({"url": "grpc://host:5055"}, "grpc://host:5055"),
        ({"url": "grpc://host:5055", "cafile": "ca.pem"}, "grpcs://host:5055"),
        ({"url": "rasa+http://host/webhook"}, "rasa+http://host/webhook"),
        ({"url": "mcp+https://host/mcp"}, "mcp+https://host/mcp"),
        ({"url": "python:actions"}, "python:actions"),
        ({"actions_module": "actions"}, "python:actions"),
    ],
)
def test_the_scheme_says_how_the_actions_are_reached(section, url):
    assert server_of(section).url == url


def test_a_module_goes_before_a_url_and_the_log_says_so(caplog):
    section = {"url": "http://host:5055/webhook", "token": "t", "actions_module": "actions"}
    assert server_of(section).url == "python:actions"
    assert ["both actions_module and url" in line for line in caplog.messages] == [True]
    assert server_of({"actions_module": "actions"}, python={"reload": True}).python.reload
    assert len(caplog.messages) == 1


def test_keys_of_ours_may_stand_beside_the_section():
    section = {"url": "http://host:5055/webhook", "token": "t"}
    server = server_of(section, timeout=20, rasa={"domain": "domain.yml", "send": ["slots"]})
    assert server.timeout == 20
    assert server.rasa == RasaSettings(domain="domain.yml", send=("slots",), token=Secret("t"))


def test_several_servers_may_stand_beside_the_section():
    config = load_config(
        {
            "action_endpoint": {"url": "http://host:5055/webhook"},
            "servers": {"shop": {"url": "http://shop:8080/action"}},
            "actions": {"place_order": "shop"},
        }
    )
    assert config.server_of("place_order")[1].url == "http://shop:8080/action"
    assert config.server_of("action_hello")[1].url == "rasa+http://host:5055/webhook"


def test_the_environment_names_the_file_and_goes_before_it(tmp_path):
    file = tmp_path / "endpoints.yml"
    file.write_text(WHOLE, encoding="utf-8")
    environ = {**ENVIRON, "MM_ACTIONS_CONFIG": str(file), "ACTION_SERVER": "grpc://host:5055"}
    assert with_environment(None, environ=environ).servers["default"].url == "grpcs://host:5055"
    environ |= {"MM_ACTIONS_TIMEOUT": "2.5", "MM_ACTIONS_ACTION_ENDPOINT__TOKEN_NAME": "k"}
    server = with_environment(None, environ=environ).servers["default"]
    assert (server.timeout, server.rasa.token_name) == (2.5, "k")


def test_an_application_takes_the_file(tmp_path, monkeypatch):
    (tmp_path / "actions_of_an_app.py").write_text(
        "from mm_actions.server import ActionServer\nserver = ActionServer()\n"
        "@server.action\ndef greet(request, responder):\n    responder.reply('hi')\n",
        encoding="utf-8",
    )
    (tmp_path / "endpoints.yml").write_text(
        "action_endpoint:\n  actions_module: actions_of_an_app\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    app = Application(__name__)
    app.custom_action_config = str(tmp_path / "endpoints.yml")
    app.custom_action(intent="greet", action="greet")
    assert app.process(Request(intent="greet")).directives[0]["payload"] == {"text": "hi"}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"url": "http://h/webhook", "tokn": "t"}, "action_endpoint has the unknown key 'tokn': .*'token'"),
        ({"token": "t"}, "names no server"),
        ({"url": 5}, "action_endpoint.url is int"),
        ({"url": "${UNSET}"}, "action_endpoint.url needs the environment variable UNSET"),
        ({"url": "ftp://host/"}, "needs a scheme"),
        ({"url": "http://h/webhook", "params": ["a"]}, "rasa.params is list"),
        ({"url": "http://h/webhook", "basic_auth": {"username": "u"}}, "auth.basic.password"),
        ({"actions_module": "my actions"}, "names no module"),
        ("http://h/webhook", "action_endpoint is str that is not a group of keys"),
    ],
)
def test_a_mistake_names_its_place(section, message):
    with pytest.raises(ConfigurationError, match=message):
        server_of(section)


def test_what_is_read_can_be_called():
    with pytest.raises(ConfigurationError, match="there is no module 'no_such_actions'"):
        CustomAction("greet", {"action_endpoint": {"actions_module": "no_such_actions"}})
