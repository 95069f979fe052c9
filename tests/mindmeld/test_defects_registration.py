"""What goes wrong in MindMeld's `app.custom_action`, and does not here.

Each docstring gives the number of the defect and its name.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.mindmeld.conftest import texts

from mm_actions import Application, Request
from mm_actions.errors import ConfigurationError, RegistrationError
from mm_actions.testing import Answer, FaultServer

REPLY = Answer(json={"directives": [{"name": "reply", "type": "view", "payload": {"text": "hi"}}]})


@pytest.fixture
def server():
    with FaultServer(REPLY) as server:
        yield server


@pytest.fixture
def app(server):
    app = Application(__name__)
    app.custom_action_config = {"url": server.url}
    return app


def test_the_same_action_may_stand_under_two_rules(app):
    """Defect 23, arguments: AssertionError about the name, and a rule without a handler is left."""
    app.custom_action(intent="i", action="a")
    app.custom_action(intent="j", action="a")
    for intent in ("i", "j"):
        assert texts(app.process(Request(intent=intent))) == ["hi"]


def test_a_rule_that_is_refused_leaves_nothing_behind(app):
    """Defect 23, arguments: the rule stays though its handler was refused, and takes turns."""
    app.handle(intent="i", name="s")(lambda request, responder: responder.reply("s"))
    with pytest.raises(AssertionError):
        app.custom_action(intent="j", action="a", name="s")
    assert app.process(Request(intent="j")).dialogue_state is None


def test_action_and_actions_together_are_refused(app):
    """Defect 23, arguments: `actions` is dropped without a word."""
    with pytest.raises(RegistrationError, match=r"put all names into actions="):
        app.custom_action(intent="i", action="a", actions=["b"])


def test_a_string_of_actions_is_refused(app):
    """Defect 23, arguments: actions="abc" calls a, b and c."""
    with pytest.raises(RegistrationError, match=r"write actions=\['abc'\] or action='abc'"):
        app.custom_action(intent="i", actions="abc")


@pytest.mark.parametrize("config", [{"cert": "ca.pem"}, {"url": None}, {"url": ""}])
def test_a_config_without_an_address_is_refused_at_registration(app, config):
    """Defect 23, arguments: a missing url is an error at the first call, of a user."""
    with pytest.raises(ConfigurationError, match="url"):
        app.custom_action(intent="i", action="a", config=config)


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_async_mode_in_a_sync_app_calls_the_action(app, server, colour):
    """Defect 24, `async_mode=True` in a sync app: the coroutine is never awaited, the server not called."""
    app.custom_action(intent="i", action="a", async_mode=True)
    turn = Request(intent="i")
    responder = app.process(turn) if colour == "sync" else asyncio.run(app.process_async(turn))
    assert texts(responder) == ["hi"]
    assert server.request_count == 1
