"""DialogueResponder and Params: what a handler answers with."""

import random
import warnings

import pytest

from mm_actions import (
    DialogueResponder,
    DirectiveNames,
    DirectiveTypes,
    FrozenParams,
    Params,
    Request,
    Responder,
)


@pytest.mark.parametrize(
    ("answer", "directive"),
    [
        (lambda it: it.reply("hi"), {"name": "reply", "type": "view", "payload": {"text": "hi"}}),
        (lambda it: it.speak("hi"), {"name": "speak", "type": "action", "payload": {"text": "hi"}}),
        (lambda it: it.list([{"a": 1}]), {"name": "list", "type": "view", "payload": [{"a": 1}]}),
        (lambda it: it.list([]), {"name": "list", "type": "view"}),
        (
            lambda it: it.suggest([{"text": "a"}]),
            {"name": "suggestions", "type": "view", "payload": [{"text": "a"}]},
        ),
        (lambda it: it.suggest(None), {"name": "suggestions", "type": "view"}),
        (lambda it: it.listen(), {"name": "listen", "type": "action"}),
        (lambda it: it.reset(), {"name": "reset", "type": "action"}),
        (lambda it: it.sleep(), {"name": "sleep", "type": "action", "payload": {"delay": 0}}),
        (lambda it: it.sleep(500), {"name": "sleep", "type": "action", "payload": {"delay": 500}}),
        (lambda it: it.display("map", {"x": 1}), {"name": "map", "type": "view", "payload": {"x": 1}}),
        (lambda it: it.act("play"), {"name": "play", "type": "action"}),
        (lambda it: it.direct("d", "custom", [1]), {"name": "d", "type": "custom", "payload": [1]}),
    ],
)
def test_each_method_adds_its_directive(answer, directive):
    responder = DialogueResponder()
    answer(responder)
    assert responder.directives == [directive]


def test_a_template_is_filled_from_the_slots():
    responder = DialogueResponder(slots={"name": "Bo"})
    responder.reply("Hello {name}")
    assert responder.directives[0]["payload"]["text"] == "Hello Bo"


def test_a_template_finds_in_the_frame_what_is_no_slot():
    responder = DialogueResponder(slots={"name": "Bo"}, frame={"name": "Al", "order_id": 7, 8: "odd"})
    responder.reply("{name}, your order is {order_id}")
    assert responder.directives[0]["payload"]["text"] == "Bo, your order is 7"


@pytest.mark.parametrize("frame", [{}, {"other": 1}])
def test_a_name_that_is_nowhere_is_an_error(frame):
    with pytest.raises(KeyError, match="order_id"):
        DialogueResponder(frame=frame).reply("your order is {order_id}")


@pytest.mark.parametrize("texts", [["a", "b", "c"], ("a", "b", "c"), {"a", "b", "c"}])
def test_one_of_several_texts_is_chosen_by_an_injected_random_source(texts):
    class Repeatable(DialogueResponder):
        random = random.Random(3)

    chosen = set()
    for _ in range(50):
        responder = Repeatable()
        responder.reply(texts)
        chosen.add(responder.directives[0]["payload"]["text"])
    assert chosen == {"a", "b", "c"}


def test_dict_gives_mindmelds_members():
    responder = DialogueResponder(request=Request(text="hi"), dialogue_state="s", form={"a": 1})
    payload = dict(responder)
    assert list(payload) == [
        "request", "slots", "frame", "directives", "dialogue_state", "params", "form", "history",
    ]  # fmt: skip
    assert payload["request"]["text"] == "hi"
    assert payload["params"]["timestamp"] is None


def test_params_may_be_assigned_as_a_dict():
    responder = DialogueResponder(params={"language": "en"})
    assert responder.params == Params(language="en")
    responder.params = {"language": "de"}
    assert responder.params.language == "de"
    responder.params = None
    assert responder.params == Params()


def test_an_unknown_param_is_refused():
    with pytest.raises(TypeError, match="langage"):
        DialogueResponder(params={"langage": "en"})


def test_leaving_a_flow_clears_the_target():
    responder = DialogueResponder(params=Params(target_dialogue_state="x_flow"))
    responder.exit_flow()
    assert responder.params.target_dialogue_state is None


def test_the_names_are_mindmelds():
    assert Responder is DialogueResponder
    assert responder_names() == {"list", "listen", "reply", "reset", "speak", "suggestions", "sleep"}
    assert (DirectiveTypes.VIEW, DirectiveTypes.ACTION) == ("view", "action")
    assert DialogueResponder.DirectiveNames is DirectiveNames


def responder_names():
    return {value for name, value in vars(DirectiveNames).items() if name.isupper()}


def test_dict_of_params_gives_what_is_set():
    params = Params(timestamp=1546300800000, allowed_intents=["a.b"], locale="en_US")
    assert dict(params) == {"timestamp": "1546300800000", "allowed_intents": ("a.b",), "locale": "en_US"}


def test_params_are_compared_by_their_members():
    assert Params(language="en") == FrozenParams(language="en")
    assert Params(language="en") != Params()
    assert Params() != {}
    assert repr(Params(language="en")) == "Params(language='en')"


def test_responders_do_not_share_what_they_collect():
    with warnings.catch_warnings():
        first, second = DialogueResponder(), DialogueResponder()
    first.frame["a"] = 1
    first.params.dynamic_resource["b"] = 2
    first.reply("x")
    assert (second.frame, second.params, second.directives) == ({}, Params(), [])
    assert "1 directives" in repr(first)
