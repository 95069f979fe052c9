"""Every mistake in the arguments of app.custom_action is an error at registration that says what to write."""

from __future__ import annotations

import pytest
from tests.application.conftest import at

from mm_actions import Application, CustomActionException
from mm_actions.errors import ConfigurationError, RegistrationError, StateTaken, UnknownArgument


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "write action='name' or actions="),
        ({"action": "a", "actions": ["b"]}, r"both .* put all names into actions=\[\.\.\.\]"),
        ({"actions": "abc"}, r"write actions=\['abc'\] or action='abc'"),
        ({"actions": []}, "actions is empty: name at least one"),
        ({"actions": ["a", ""]}, "write a list of names"),
        ({"actions": ["a", 5]}, "write a list of names"),
        ({"actions": {"a", "b"}}, "write a list of names"),
        ({"actions": {"a": 1}}, "write a list of names"),
        ({"actions": 7}, "actions is 7: write a list of names"),
        ({"action": ["a"]}, r"write one name, or actions=\[\.\.\.\] for several"),
        ({"action": ""}, "action is '': write one name"),
        ({"action": 7}, "action is 7: write one name"),
        ({"action": "a", "merge": None}, "merge is None: write merge=True or merge=False"),
        ({"action": "a", "parallel": 2}, "write parallel=True or parallel=False"),
        ({"action": "a", "all_or_nothing": "yes"}, "write all_or_nothing=True"),
        ({"action": "a", "async_mode": "async"}, "write async_mode=True"),
        ({"action": "a", "on_failure": 5}, "on_failure is 5: write a text, an action or a handler"),
        ({"action": "a", "on_failure": " "}, "on_failure is an empty text: write what to reply"),
        ({"action": "a", "on_failure": "Oh {"}, "is not a template"),
        (
            {"action": "a", "on_failure": lambda: None},
            r"cannot be called with \(request, responder, result\)",
        ),
        ({"action": "a", "name": 5}, "pass name="),
        ({"action": "a", "domain": 5}, "domain of .* is a name, not 5"),
        ({"action": "a", "default": True, "intent": "j"}, "leave out intent"),
    ],
)
def test_a_mistake_says_what_to_write(app, arguments, message):
    with pytest.raises(RegistrationError, match=message) as caught:
        app.custom_action(**arguments)
    assert isinstance(caught.value, CustomActionException)
    assert app.dialogue_manager.rules == []


def test_an_unknown_argument_is_named(app):
    with pytest.raises(UnknownArgument, match="unknown condition 'actoin'") as caught:
        app.custom_action(action="a", actoin="b")
    assert isinstance(caught.value, TypeError)
    assert app.dialogue_manager.rules == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "add `url`, such as http://localhost:8080/action"),
        ({"cert": "ca.pem"}, "add `url`"),
        ({"url": ""}, "url"),
        ({"url": "localhost:8080/action"}, "needs a scheme"),
        ({"url": "http://x/", "timout": 3}, "did you mean 'timeout'"),
        ({"url": "https://x/", "cert": "/no/such/ca.pem"}, "/no/such/ca.pem"),
        ({"url": "https://x/", "private_key": "k.pem"}, "set public_key"),
        ({"servers": {"s": {"url": "http://x/"}}, "actions": {"a": "t"}}, "actions.a"),
        ("/no/such/actions.yaml", "/no/such/actions.yaml cannot be read"),
        (5, "config is int, not a dict, a path or settings"),
    ],
)
def test_a_config_that_cannot_work_is_an_error_at_registration(app, config, message):
    with pytest.raises(ConfigurationError, match=message):
        app.custom_action(action="a", config=config)
    assert app.dialogue_manager.rules == []


def test_an_action_without_a_server_is_an_error_that_says_where_to_name_it(app, engine):
    app.custom_action_config = {
        "servers": {"one": at(engine), "two": {"url": "http://two.example/", "engine": engine}},
        "actions": {"b": "one"},
    }
    with pytest.raises(ConfigurationError, match="Add `a: <server>` under actions"):
        app.custom_action(action="a")


def test_without_any_config_the_error_names_the_three_places():
    app = Application(__name__)
    with pytest.raises(CustomActionException, match=r"CUSTOM_ACTION_CONFIG = .*MM_ACTIONS_URL.*config="):
        app.custom_action(action="a")
    assert app.dialogue_manager.rules == []


def test_a_name_of_ones_own_belongs_to_one_rule(app):
    app.custom_action(intent="i", action="a", name="s")
    with pytest.raises(StateTaken, match="'s' has another handler already"):
        app.custom_action(intent="j", action="a", name="s")
    app.handle(name="custom_actions_['b']")(lambda request, responder: None)
    with pytest.raises(StateTaken):
        app.custom_action(intent="j", action="b")


def test_a_rule_is_refined_once_and_by_a_function(app):
    rule = app.custom_action(intent="i", action="a")
    with pytest.raises(RegistrationError, match="decorate a function"):
        rule("refine")
    rule(lambda request, responder: None)
    with pytest.raises(RegistrationError, match="write both into one handler"):
        rule(lambda request, responder: None)


def test_a_mistake_in_what_the_app_does_on_failure_is_found_when_the_app_is_made():
    with pytest.raises(RegistrationError, match="on_failure is 5"):
        Application(__name__, on_failure=5)
    with pytest.raises(RegistrationError, match="empty text"):
        Application(__name__, on_failure="")


def test_an_action_on_failure_needs_a_server(engine):
    from mm_actions import CustomAction

    app = Application(__name__)
    own = CustomAction("own", at(engine))
    with pytest.raises(
        RegistrationError, match="on_failure names the action 'say_sorry', so pass the config"
    ):
        app.custom_action(intent="i", action=own, on_failure="say_sorry")
