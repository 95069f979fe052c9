"""Where an application's settings come from: config.py, actions.yaml, the environment."""

from __future__ import annotations

import sys

import pytest
from tests.application.conftest import at, texts

from mm_actions import Application, Request
from mm_actions.application.app_config import declared_config
from mm_actions.errors import ConfigurationError
from mm_actions.testing import Answer, FaultServer
from mm_actions.testing.scripted import ScriptedEngine

REPLY = Answer(json={"directives": [{"name": "reply", "type": "view", "payload": {"text": "hi"}}]})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An application's folder; `make_app` in it makes the Application."""
    (tmp_path / "shop_of_this_test.py").write_text(
        "from mm_actions import Application\ndef make_app():\n    return Application(__name__)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def make_app():
    from shop_of_this_test import make_app

    return make_app()


@pytest.fixture
def server():
    with FaultServer(REPLY) as server:
        yield server


def greets(app):
    app.custom_action(intent="i", action="greet")
    return texts(app.process(Request(intent="i"))) == ["hi"]


def test_config_py_says_where_actions_live(folder, server):
    (folder / "config.py").write_text(f"CUSTOM_ACTION_CONFIG = {{'url': '{server.url}/action'}}\n")
    app = make_app()
    assert app.app_path == str(folder)
    assert app.custom_action_config == {"url": f"{server.url}/action"}
    assert greets(app)
    assert server.requests[0].path == "/action"


def test_actions_yaml_says_where_actions_live(folder, server):
    (folder / "actions.yaml").write_text(f"url: {server.url}/yaml\n")
    assert greets(make_app())
    assert server.requests[0].path == "/yaml"


def test_both_are_an_error(folder):
    (folder / "config.py").write_text("CUSTOM_ACTION_CONFIG = {'url': 'http://x/'}\n")
    (folder / "actions.yaml").write_text("url: http://y/\n")
    with pytest.raises(
        ConfigurationError, match=r"both .*config\.py \(CUSTOM_ACTION_CONFIG\) and .*: keep one"
    ):
        make_app()


@pytest.mark.parametrize("content", ["", "OTHER = 1\n", "CUSTOM_ACTION_CONFIG = None\n"])
def test_a_config_py_without_servers_leaves_room_for_actions_yaml(folder, content):
    (folder / "config.py").write_text(content)
    assert make_app().custom_action_config is None
    (folder / "actions.yaml").write_text("url: http://y/\n")
    assert make_app().custom_action_config == str(folder / "actions.yaml")


@pytest.mark.parametrize(
    ("content", "error"),
    [("url = {\n", SyntaxError), ("1 / 0\n", ZeroDivisionError), ("import gone", ImportError)],
)
def test_what_config_py_raises_is_raised(folder, content, error):
    (folder / "config.py").write_text(content)
    with pytest.raises(error):
        make_app()


def test_there_need_not_be_any(folder):
    assert make_app().custom_action_config is None
    assert declared_config(None) is None


def test_the_environment_goes_before_the_files(folder, server, monkeypatch):
    (folder / "config.py").write_text(
        "CUSTOM_ACTION_CONFIG = {'url': 'http://127.0.0.1:1/x', 'headers': {'X-Team': 'a'}}\n"
    )
    monkeypatch.setenv("MM_ACTIONS_URL", f"{server.url}/environment")
    assert greets(make_app())
    assert server.requests[0].path == "/environment"
    assert server.requests[0].headers["x-team"] == "a"


def test_the_environment_alone_is_enough(folder, server, monkeypatch):
    monkeypatch.setenv("MM_ACTIONS_URL", server.url)
    assert greets(make_app())


def test_a_file_named_by_the_environment_takes_the_place_of_the_apps_own(folder, server, monkeypatch):
    (folder / "actions.yaml").write_text("url: http://127.0.0.1:1/x\n")
    (folder / "deployed.yaml").write_text(f"url: {server.url}/deployed\n")
    monkeypatch.setenv("MM_ACTIONS_CONFIG", str(folder / "deployed.yaml"))
    assert greets(make_app())
    assert server.requests[0].path == "/deployed"


def test_variables_in_the_file_are_looked_up(folder, server, monkeypatch):
    (folder / "actions.yaml").write_text("url: ${SHOP_URL}/action\n")
    monkeypatch.setenv("SHOP_URL", server.url)
    assert greets(make_app())


def test_a_config_of_the_rule_is_not_touched_by_the_environment(folder, monkeypatch):
    monkeypatch.setenv("MM_ACTIONS_URL", "http://127.0.0.1:1/x")
    engine = ScriptedEngine()
    app = make_app()
    app.custom_action(intent="i", action="a", config=at(engine))
    app.process(Request(intent="i"))
    assert engine.requests[0].url == "http://actions.example/action"


def test_the_config_may_be_set_before_actions_are_registered(app):
    engine = ScriptedEngine({"frame": {"set": "later"}})
    app.custom_action_config = at(engine)
    app.custom_action(intent="i", action="a")
    assert app.process(Request(intent="i")).frame == {"set": "later"}


def test_the_length_of_the_history_is_mindmelds_setting(folder):
    (folder / "config.py").write_text("MAX_HISTORY_LEN = 2\n")
    app = make_app()
    history = []
    for _ in range(4):
        history = app.process(Request(), history=history).history
    assert len(history) == app.max_history == 2


@pytest.mark.parametrize("value", ["'ten'", "-1", "True", "1.5"])
def test_a_length_of_the_history_that_is_none_is_an_error(folder, value):
    (folder / "config.py").write_text(f"MAX_HISTORY_LEN = {value}\n")
    with pytest.raises(ConfigurationError, match=r"MAX_HISTORY_LEN in .* write a number of turns"):
        make_app()


def test_an_app_in_a_module_without_a_file_has_no_folder(monkeypatch):
    from types import ModuleType

    monkeypatch.setitem(sys.modules, "typed_at_a_prompt", ModuleType("typed_at_a_prompt"))
    app = Application("typed_at_a_prompt")
    assert app.app_path is None
    assert app.custom_action_config is None


def test_an_app_of_a_module_that_is_not_imported_is_an_error():
    with pytest.raises(ValueError, match=r"'no_such_module' is not an imported module: write Application"):
        Application("no_such_module")
