"""What travels back of what a handler did."""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions import DialogueResponder, Params
from mm_actions.server import ActionServer
from mm_actions.testing.action_tester import ActionTester

if TYPE_CHECKING:
    from collections.abc import Callable

SENT: dict[str, Any] = {
    "directives": [{"name": "reply", "type": "view", "payload": {"text": "sent"}}],
    "frame": {"kept": 1, "changed": {"list": [1]}, "flag": 1},
    "slots": {"kept": "a", "changed": "b"},
    "params": {
        "allowed_intents": ["sent.intent"],
        "dynamic_resource": {"kept": 1},
        "time_zone": "Europe/Rome",
        "target_dialogue_state": "sent_state",
    },
}


def call(handler: Callable[..., Any], sent: Any = SENT) -> Any:
    server = ActionServer()
    server.action("act")(handler)
    return ActionTester(server).call("act", {"frame": {"kept": 1}}, sent)


def test_a_handler_that_does_nothing_sends_nothing_but_the_settings_a_client_may_forget() -> None:
    tested = call(lambda request, responder: None)
    assert tested.body == (
        b'{"directives":[],"frame":{},'
        b'"params":{"target_dialogue_state":"sent_state","time_zone":"Europe/Rome"},"slots":{}}'
    )


def test_only_what_is_added_or_changed_travels() -> None:
    def act(request, responder):
        responder.reply("new")
        responder.frame["new"] = 1
        responder.frame["changed"]["list"].append(2)
        responder.slots["changed"] = "c"
        responder.params.allowed_intents += ("new.intent",)
        responder.params.dynamic_resource["new"] = 2
        responder.params.language = "it"

    tested = call(act)
    assert tested.texts == ["new"]
    assert tested.frame == {"new": 1, "changed": {"list": [1, 2]}}
    assert tested.slots == {"changed": "c"}
    assert tested.params.allowed_intents == ["new.intent"]
    assert tested.params.dynamic_resource == {"new": 2}
    assert tested.params.language == "it"
    assert b"sent.intent" not in tested.body


def test_a_number_that_became_a_truth_value_has_changed() -> None:
    assert call(lambda request, responder: responder.frame.update(flag=True)).frame == {"flag": True}


def test_a_directive_equal_to_one_that_was_sent_is_a_new_one() -> None:
    assert call(lambda request, responder: responder.reply("sent")).texts == ["sent"]


def test_the_order_of_directives_does_not_matter() -> None:
    def act(request, responder):
        responder.reply("new")
        responder.directives.reverse()

    assert call(act).texts == ["new"]


def test_a_handler_may_replace_the_members() -> None:
    def act(request, responder):
        responder.directives = [{"name": "listen", "type": "action"}]
        responder.frame = {"only": 1}
        responder.params = Params(language="it")

    tested = call(act)
    assert tested.directives == [{"name": "listen", "type": "action"}]
    assert tested.frame == {"only": 1}
    assert (tested.params.language, tested.params.time_zone) == ("it", None)


def test_a_returned_dict_is_added_to_what_the_handler_did() -> None:
    def act(request, responder):
        responder.reply("first")
        return {
            "directives": [{"name": "reply", "type": "view", "payload": {"text": "sent"}}],
            "frame": {"new": 1},
            "params": {"allowed_intents": ["sent.intent", "new.intent"], "timestamp": "5", "locale": None},
            "slots": None,
        }

    tested = call(act)
    assert tested.texts == ["first", "sent"]
    assert tested.frame == {"new": 1}
    assert tested.params.allowed_intents == ["new.intent"]
    assert tested.params.timestamp == 5


def test_a_returned_responder_is_an_answer() -> None:
    def act(request, responder):
        other = DialogueResponder(slots={"a": 1}, params=Params(dynamic_resource={"b": 2}))
        other.reply("other")
        return other

    tested = call(act)
    assert (tested.texts, tested.slots, tested.params.dynamic_resource) == (["other"], {"a": 1}, {"b": 2})


def test_the_responder_itself_and_its_dict_add_nothing() -> None:
    def act(request, responder):
        responder.reply("once")
        return responder

    def act_as_dict(request, responder):
        return dict(act(request, responder))

    assert call(act).body == call(act_as_dict).body
    assert call(act_as_dict).texts == ["once"]


def test_what_a_frame_often_holds_is_written_as_json() -> None:
    def act(request, responder):
        responder.frame.update(
            when=datetime(2020, 1, 1, tzinfo=UTC),
            some={1},
            pair=(1, 2),
            nan=float("nan"),
            ordered=OrderedDict(a=1),
        )

    assert call(act).frame == {
        "when": "2020-01-01T00:00:00Z",
        "some": [1],
        "pair": [1, 2],
        "nan": None,
        "ordered": {"a": 1},
    }


def setting(**members: Any) -> Callable[..., None]:
    def act(request, responder):
        for name, value in members.items():
            setattr(responder, name, value)

    return act


def with_params(**members: Any) -> Callable[..., None]:
    def act(request, responder):
        for name, value in members.items():
            setattr(responder.params, name, value)

    return act


def nested(depth: int = 5000) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("handler", "field"),
    [
        (lambda request, responder: 5, "the result is of type int"),
        (lambda request, responder: "text", "the result is of type str"),
        (lambda request, responder: [], "the result is of type list"),
        (lambda request, responder: {"directive": []}, "/directive is not a member"),
        (lambda request, responder: {"frame": 5}, "/frame is of type int"),
        (lambda request, responder: {"directives": {}}, "/directives is of type dict"),
        (lambda request, responder: {"directives": ["x"]}, "/directives/0 is of type str"),
        (lambda request, responder: {"params": {"colour": 1}}, "/params/colour is not a member"),
        (lambda request, responder: {"params": 5}, "/params is of type int"),
        (setting(frame=5), "/frame is of type int"),
        (setting(slots=[]), "/slots is of type list"),
        (setting(directives="abc"), "/directives is of type str"),
        (setting(directives=[{"name": 5}]), "/directives/0/name is not a text"),
        (with_params(allowed_intents="abc"), "/params/allowed_intents is of type str"),
        (with_params(allowed_intents=[5]), "/params/allowed_intents holds"),
        (with_params(language=5), "/params/language is of type int"),
        (with_params(timestamp="soon"), "/params/timestamp is not a number"),
        (with_params(timestamp=True), "/params/timestamp is not a number"),
        (with_params(dynamic_resource=[1]), "/params/dynamic_resource is of type list"),
        (setting(frame={"a": 1, "odd": object()}), "/frame/odd cannot be written"),
        (setting(frame={"kept": object()}), "/frame/kept cannot be written"),
        (setting(slots={"deep": nested()}), "/slots/deep cannot be written"),
        (setting(frame={(1,): 2}), "/frame/(1,) cannot be written"),
        (setting(directives=[{"name": "a", "type": "b", "payload": object()}]), "/directives/0 cannot be"),
        (setting(params=Params(), frame={"x": "y" * 17 * 1024 * 1024}), "the result has 17"),
    ],
)
def test_an_answer_that_cannot_be_sent_is_named_in_the_log_and_nowhere_else(
    handler: Callable[..., Any], field: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "mm_actions.server"):
        tested = call(handler)
    assert tested.status == 500
    assert tested.problem is not None
    assert tested.problem.type == "urn:mm-actions:problem:bad-answer"
    assert tested.problem.action == "act"
    (record,) = caplog.records
    assert record.getMessage().startswith(f"action 'act' gave no valid answer: {field}")
    assert field.encode() not in tested.body
