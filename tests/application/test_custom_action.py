"""app.custom_action: which actions a turn calls, and what becomes of their answers."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from tests.application.conftest import action_of, actions_of, at, by_action, says, texts

from mm_actions import Application, CustomAction, CustomActionException, CustomActionSequence, Request
from mm_actions.errors import RegistrationError
from mm_actions.testing.scripted import ScriptedEngine, answer

TURN = Request(text="hi", domain="d", intent="i", frame={"cart": ["tea"]})


def test_one_action_answers_the_turns_of_its_rule(app, engine, take_turn):
    app.custom_action(domain="d", intent="i", action="greet")
    responder = take_turn(app, TURN)
    assert texts(responder) == ["greet"]
    assert responder.dialogue_state == "custom_actions_['greet']"
    assert take_turn(app, Request(intent="other")).directives == []
    assert actions_of(engine) == ["greet"]


def test_the_arguments_may_be_given_in_mindmelds_order(app, engine, take_turn):
    app.custom_action("greet", None, False, True, at(engine), intent="i")
    assert texts(take_turn(app, TURN)) == ["greet"]


def test_actions_are_called_one_after_the_other_and_see_what_was_merged(app, take_turn):
    engine = ScriptedEngine(by_action(a={"frame": {"a": 1}}, b={"frame": {"b": 2}}))
    app.custom_action(intent="i", actions=("a", "b"), config=at(engine))
    responder = take_turn(app, TURN)
    assert responder.frame == {"cart": ["tea"], "a": 1, "b": 2}
    assert json.loads(engine.requests[1].body)["responder"]["frame"] == {"cart": ["tea"], "a": 1}
    assert responder.dialogue_state == "custom_actions_['a', 'b']"


def test_without_merge_the_last_answer_stays(app, take_turn):
    app.custom_action(intent="i", actions=["a", "b"], merge=False)
    assert texts(take_turn(app, TURN)) == ["b"]


def test_without_merge_what_an_answer_leaves_out_stays(app, take_turn):
    engine = ScriptedEngine({"frame": {"new": 1}, "params": {"language": "de"}})

    @app.middleware
    async def prepare(request, responder, handler):
        responder.params.time_zone = "Asia/Kolkata"
        responder.reply("before")
        return await handler(request, responder)

    app.custom_action(intent="i", action="a", merge=False, config=at(engine))
    responder = take_turn(app, TURN)
    assert (responder.frame, texts(responder)) == ({"new": 1}, ["before"])
    assert (responder.params.language, responder.params.time_zone) == ("de", "Asia/Kolkata")


class MeetingEngine(ScriptedEngine):
    """Answers the first action only once the second was answered: one after the other, they never meet."""

    def __init__(self):
        super().__init__()
        self.second = threading.Event()
        self.second_async = asyncio.Event()

    def send(self, request):
        action = action_of(request)
        if action == "first":
            assert self.second.wait(10), "the actions were not called at once"
        self.second.set()
        return answer(says(action))

    async def send_async(self, request):
        action = action_of(request)
        if action == "first":
            async with asyncio.timeout(10):
                await self.second_async.wait()
        self.second_async.set()
        return answer(says(action))


def test_parallel_actions_run_at_once_and_are_merged_in_the_order_given(app, take_turn):
    app.custom_action(intent="i", actions=["first", "second"], parallel=True, config=at(MeetingEngine()))
    assert texts(take_turn(app, TURN)) == ["first", "second"]


def test_parallel_actions_do_not_see_each_others_answers(app, take_turn):
    engine = ScriptedEngine(by_action(a={"frame": {"by": "a"}}, b={"frame": {"by": "b"}}))
    app.custom_action(intent="i", actions=["a", "b"], parallel=True, config=at(engine))
    assert take_turn(app, TURN).frame == {"cart": ["tea"], "by": "b"}
    assert [json.loads(sent.body)["responder"]["frame"] for sent in engine.requests] == [
        {"cart": ["tea"]}
    ] * 2


def test_a_sequence_stops_at_a_failure_and_keeps_what_was_done(app, take_turn):
    engine = ScriptedEngine(by_action(a=says("a"), b=answer(status=500), c=says("c")))
    app.custom_action(intent="i", actions=["a", "b", "c"], config=at(engine))
    assert texts(take_turn(app, TURN)) == ["a"]
    assert actions_of(engine) == ["a", "b"]


@pytest.mark.parametrize("parallel", [False, True])
def test_all_or_nothing_takes_back_what_was_done(app, take_turn, parallel):
    engine = ScriptedEngine(
        by_action(a={**says("a"), "frame": {"cart": [], "a": 1}, "slots": {"s": 1}}, b=answer(status=500))
    )
    app.custom_action(
        intent="i",
        actions=["a", "b"],
        all_or_nothing=True,
        parallel=parallel,
        config=at(engine),
        on_failure="Nothing was done.",
    )
    responder = take_turn(app, TURN)
    assert texts(responder) == ["Nothing was done."]
    assert (responder.frame, responder.slots) == ({"cart": ["tea"]}, {})


@pytest.mark.parametrize("colour", ["plain", "async"])
def test_a_decorated_handler_refines_what_the_actions_answered(app, take_turn, colour):
    def refine(request, responder):
        responder.reply(f"{request.text}: {texts(responder)}")

    async def refine_async(request, responder):
        refine(request, responder)

    handler = refine if colour == "plain" else refine_async
    rule = app.custom_action(intent="i", actions=["a", "b"])
    assert rule(handler) is handler
    assert texts(take_turn(app, TURN)) == ["a", "b", "hi: ['a', 'b']"]


def test_a_decorated_handler_does_not_run_after_a_failure(app, take_turn):
    @app.custom_action(
        intent="i", action="a", config=at(ScriptedEngine(answer(status=503))), on_failure="Oh."
    )
    def refine(request, responder):
        raise AssertionError

    assert texts(take_turn(app, TURN)) == ["Oh."]


def test_a_decorated_handler_may_name_the_state_below(app, take_turn):
    app.custom_action(intent="i", action="a", name="s")(lambda request, responder: {"dialogue_state": "t"})
    assert take_turn(app, TURN).dialogue_state == "s.t"


def test_a_state_of_ones_own_name_can_be_a_target(app, take_turn):
    app.custom_action(intent="i", action="a", name="greeting")
    request = Request(intent="other", params={"target_dialogue_state": "greeting"})
    assert take_turn(app, request).dialogue_state == "greeting"


def test_the_same_action_may_stand_under_several_rules(app, take_turn):
    app.custom_action(intent="i", action="a", on_failure="one")
    app.custom_action(intent="j", action="a", config=at(ScriptedEngine(answer(status=500))), on_failure="two")
    assert texts(take_turn(app, Request(intent="i"))) == ["a"]
    assert texts(take_turn(app, Request(intent="j"))) == ["two"]


@pytest.mark.parametrize("async_app", [False, True])
@pytest.mark.parametrize("async_mode", [False, True])
def test_async_mode_calls_the_action_wherever_it_is_said(engine, take_turn, async_app, async_mode):
    app = Application(__name__, async_mode=async_app)
    app.custom_action(intent="i", action="a", async_mode=async_mode, config=at(engine))
    assert texts(take_turn(app, TURN)) == ["a"]
    assert actions_of(engine) == ["a"]


def test_a_rule_may_have_its_own_server(app, engine, take_turn):
    other = ScriptedEngine(says("from elsewhere"))
    app.custom_action(intent="i", action="a", config={"url": "http://other.example/x", "engine": other})
    assert texts(take_turn(app, TURN)) == ["from elsewhere"]
    assert other.requests[0].url == "http://other.example/x"
    assert engine.requests == []


def test_one_sequence_may_cross_servers(app, take_turn):
    one, two = ScriptedEngine(says("one")), ScriptedEngine(says("two"))
    app.custom_action_config = {
        "servers": {
            "first": {"url": "http://one.example/action", "engine": one},
            "second": {"url": "http://two.example/action", "engine": two},
        },
        "actions": {"a": "first", "b": "second"},
    }
    app.custom_action(intent="i", actions=["b", "a", "b"])
    assert texts(take_turn(app, TURN)) == ["two", "one", "two"]


def test_actions_that_know_their_servers_need_no_config(engine, take_turn):
    app = Application(__name__)
    own = CustomAction("own", at(engine, timeout=30))
    rule = app.custom_action(intent="i", actions=[own, own])
    assert texts(take_turn(app, TURN)) == ["own", "own"]
    assert rule.sequence.timeout == 30
    app.custom_action(intent="j", action=own, on_failure="Sorry.")
    assert texts(take_turn(app, Request(intent="j"))) == ["own"]


def test_names_and_actions_can_be_mixed(app, take_turn):
    own = CustomAction("own", at(ScriptedEngine(says("its own"))))
    app.custom_action(intent="i", actions=["a", own])
    responder = take_turn(app, TURN)
    assert texts(responder) == ["a", "its own"]
    assert responder.dialogue_state == "custom_actions_['a', 'own']"


def test_a_default_rule_may_call_actions(app, take_turn):
    app.custom_action(default=True, action="fallback")
    assert texts(take_turn(app, Request(intent="unheard of"))) == ["fallback"]


def test_all_conditions_of_rules_hold_for_actions(app, take_turn):
    app.custom_action(has_entities=["store", "time"], action="both")
    app.custom_action(has_entity="store", action="store")
    app.custom_action(targeted_only=True, action="only", name="only")
    entities = [{"type": "store"}, {"type": "time"}]
    assert texts(take_turn(app, Request(entities=entities))) == ["both"]
    assert texts(take_turn(app, Request(entities=entities[:1]))) == ["store"]
    assert texts(take_turn(app, Request(params={"target_dialogue_state": "only"}))) == ["only"]


def test_actions_can_be_called_by_hand_in_a_handler(app, engine, take_turn):
    sequence = CustomActionSequence(["a", "b"], at(engine))

    @app.handle(intent="i")
    async def by_hand(request, responder):
        responder.reply("first")
        assert await sequence.invoke_async(request, responder)
        responder.reply("last")

    assert texts(take_turn(app, TURN)) == ["first", "a", "b", "last"]


def test_a_turn_id_gives_its_actions_the_same_keys_again(take_turn):
    engine = ScriptedEngine()
    app = Application(__name__)
    app.custom_action(intent="i", actions=["a", "a"], config=at(engine, idempotent=True))
    for _ in range(2):
        take_turn(app, TURN, request_id="turn-1")
    keys = [dict(request.headers)["Idempotency-Key"] for request in engine.requests]
    assert keys[:2] == keys[2:]
    assert keys[0] != keys[1]


def test_a_quorum_and_a_precheck_are_handed_on(app, take_turn):
    def some(request):
        return answer(status=422) if action_of(request) == "b" else says(action_of(request))

    app.custom_action_config = at(ScriptedEngine(some))
    app.custom_action(intent="x", actions=["a", "b"], parallel=True, quorum=1, precheck=True)
    assert texts(take_turn(app, Request(intent="x"))) == ["a"]
    with pytest.raises(RegistrationError, match="quorum"):
        app.custom_action(intent="y", actions=["a", "b"], parallel=True, quorum=3)


def test_the_settings_of_an_application_serve_actions_made_by_hand(app, engine, monkeypatch):
    assert app.action_config.servers["default"].url == "http://actions.example/action"
    monkeypatch.setenv("MM_ACTIONS_TIMEOUT", "1.5")
    assert CustomAction("a", app.action_config).timeout == 1.5
    app.custom_action_config = None
    monkeypatch.delenv("MM_ACTIONS_TIMEOUT")
    with pytest.raises(CustomActionException, match="no server is configured for custom actions"):
        _ = app.action_config
