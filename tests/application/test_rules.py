"""Conditions of rules, and which of several rules takes a turn."""

from __future__ import annotations

import pytest

from mm_actions import Request
from mm_actions.application.rules import make_rule
from mm_actions.errors import RegistrationError, StateTaken, UnknownArgument

EVERYTHING = Request(
    domain="d", intent="i", entities=[{"type": "a", "text": "x"}, {"type": "b", "text": "y"}]
)


def answer_with(name):
    def handler(request, responder):
        responder.reply(name)

    handler.__name__ = name
    return handler


def chosen(app, request=EVERYTHING):
    return app.process(request).dialogue_state


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"domain": 5}, "domain of 's' is a name, not 5"),
        ({"domain": ""}, "is a name, not ''"),
        ({"domain": False}, "is a name, not False"),
        ({"intent": ["a"]}, "intent of 's' is a name"),
        ({"has_entity": ["a"]}, r"write has_entities=\[\.\.\.\] for several"),
        ({"has_entities": "a"}, "is a list of entity types, not 'a'"),
        ({"has_entities": [1]}, "is a list of entity types"),
        ({"has_entities": {"a": 1}}, "is a list of entity types"),
        ({"has_entity": "a", "has_entities": ["b"]}, "put all into has_entities"),
        ({"targeted_only": 1}, "is True or False, not 1"),
        ({"default": "yes"}, "is True or False"),
        ({"targeted_only": True, "intent": "i"}, "excludes other conditions: leave out intent"),
        ({"default": True, "domain": "d", "intent": "i"}, "leave out domain, intent"),
        ({"default": True, "has_entity": "a"}, "leave out has_entity"),
        ({"default": True, "targeted_only": True}, "leave out"),
    ],
)
def test_a_condition_that_cannot_work_is_an_error_that_says_what_to_write(app, conditions, message):
    with pytest.raises(RegistrationError, match=message) as caught:
        app.handle(name="s", **conditions)(answer_with("s"))
    assert isinstance(caught.value, ValueError)
    assert app.dialogue_manager.rules == []


def test_an_unknown_condition_is_a_type_error_as_in_mindmeld(app):
    with pytest.raises(TypeError, match="unknown condition 'has_intent'") as caught:
        app.handle(has_intent="i")(answer_with("s"))
    assert isinstance(caught.value, UnknownArgument)


@pytest.mark.parametrize("nothing", [None, False])
def test_flags_that_are_off_and_conditions_that_are_none_say_nothing(nothing):
    rule = make_rule("s", None, {"targeted_only": nothing, "default": True, "domain": None})
    assert rule.default
    assert not rule.targeted_only


@pytest.mark.parametrize("types", [["a", "b"], ("a", "b"), {"a", "b"}, frozenset("ab")])
def test_all_entity_types_must_be_present(types):
    rule = make_rule("s", None, {"has_entities": types})
    assert rule.apply(EVERYTHING)
    assert not rule.apply(Request(entities=[{"type": "a"}]))
    assert not rule.apply(Request())


@pytest.mark.parametrize("kind", ["a", "b"])
def test_a_turn_with_some_of_the_entity_types_is_not_taken(app, kind):
    app.handle(has_entities=["a", "b"])(answer_with("both"))
    app.handle(has_entity="b")(answer_with("one"))
    assert chosen(app, Request(entities=[{"type": kind}])) == ("one" if kind == "b" else None)


def test_an_empty_list_of_entity_types_matches_every_turn(app):
    app.handle(has_entities=[])(answer_with("any"))
    assert chosen(app, Request()) == chosen(app) == "any"


def test_an_entity_without_a_type_matches_nothing(app):
    app.handle(has_entity="a")(answer_with("a"))
    assert chosen(app, Request(entities=[{"text": "x"}])) is None


def test_an_empty_list_of_entity_types_may_stand_beside_default():
    assert make_rule("s", None, {"default": True, "has_entities": []}).default


LADDER = [
    ("two entities", {"has_entities": ["a", "b"]}),
    ("domain, intent and an entity", {"domain": "d", "intent": "i", "has_entity": "a"}),
    ("intent and an entity", {"intent": "i", "has_entity": "a"}),
    ("domain and an entity", {"domain": "d", "has_entity": "b"}),
    ("an entity", {"has_entity": "a"}),
    ("domain and intent", {"domain": "d", "intent": "i"}),
    ("intent", {"intent": "i"}),
    ("domain", {"domain": "d"}),
    ("default", {"default": True}),
    ("unconditional", {}),
]


@pytest.mark.parametrize("top", range(len(LADDER)))
def test_the_more_specific_rule_wins_whenever_it_was_registered(app, top):
    for name, conditions in reversed(LADDER[top:]):
        app.handle(name=name, **conditions)(answer_with(name))
    assert chosen(app) == LADDER[top][0]


def test_of_equally_specific_rules_the_first_wins(app):
    for name, conditions in [("one", {"intent": "i"}), ("two", {"intent": "i"}), ("three", {"intent": "i"})]:
        app.handle(name=name, **conditions)(answer_with(name))
    assert chosen(app) == "one"


def test_rules_added_after_a_turn_count(app):
    app.handle(domain="d")(answer_with("domain"))
    assert chosen(app) == "domain"
    app.handle(intent="i")(answer_with("intent"))
    assert chosen(app) == "intent"


def test_a_targeted_rule_is_reached_by_name_alone(app):
    app.handle(targeted_only=True)(answer_with("only"))
    app.handle(default=True)(answer_with("default"))
    assert chosen(app) == "default"
    assert chosen(app, Request(params={"target_dialogue_state": "only"})) == "only"


def test_a_target_goes_before_conditions(app):
    app.handle(intent="i", domain="d")(answer_with("specific"))
    app.handle(intent="other")(answer_with("other"))
    request = Request(domain="d", intent="i", params={"target_dialogue_state": "other"})
    assert chosen(app, request) == "other"


def test_an_unknown_target_gives_an_empty_answer_and_is_logged(app, caplog):
    app.handle(default=True)(answer_with("default"))
    responder = app.process(Request(params={"target_dialogue_state": "gone"}))
    assert (responder.dialogue_state, responder.directives) == (None, [])
    assert "no dialogue state is called 'gone'" in caplog.text


def test_without_a_rule_the_answer_is_empty(app):
    responder = app.process(Request(intent="i"))
    assert (responder.dialogue_state, responder.directives) == (None, [])


def test_a_state_belongs_to_one_handler(app):
    app.handle(intent="i")(answer_with("s"))
    with pytest.raises(AssertionError, match="'s' has another handler already: pass another name=") as caught:
        app.handle(intent="j")(answer_with("s"))
    assert isinstance(caught.value, StateTaken)
    assert len(app.dialogue_manager.rules) == 1


def test_one_handler_may_have_several_rules(app):
    handler = answer_with("s")
    app.handle(intent="i")(app.handle(intent="j")(handler))
    assert chosen(app, Request(intent="i")) == chosen(app, Request(intent="j")) == "s"


def test_there_is_one_default(app):
    app.handle(default=True)(answer_with("one"))
    with pytest.raises(AssertionError, match="'one' is the default already, so 'two' cannot be"):
        app.handle(default=True)(answer_with("two"))
    assert len(app.dialogue_manager.rules) == 1


def test_a_handler_must_be_callable_and_have_a_name(app):
    with pytest.raises(RegistrationError, match="'hello' is not a handler"):
        app.add_dialogue_rule("s", "hello", intent="i")
    with pytest.raises(RegistrationError, match="has no name: pass name="):
        app.add_dialogue_rule(None, object.__new__(type("Callable", (), {"__call__": print})), intent="i")


def test_an_object_with_an_answer_method_is_a_handler_like_any_other(app):
    class Greeter:
        def answer(self):
            raise AssertionError

        def __call__(self, request, responder):
            responder.reply("hi")

    app.add_dialogue_rule("greet", Greeter(), intent="i")
    assert app.process(EVERYTHING).directives[0]["payload"] == {"text": "hi"}
