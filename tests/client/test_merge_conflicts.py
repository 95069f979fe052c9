"""Actions of one sequence that set one thing: who wins, and who hears of it."""

import asyncio
import json
import logging
import random
import threading

import pytest

from client.scripts import config
from mm_actions import CustomAction, CustomActionSequence, DialogueResponder, Request
from mm_actions.client.merge import MergeConflict
from mm_actions.testing.scripted import ScriptedEngine, answer

NAMES = ("a", "b", "c", "d", "e")


def slots_of(name):
    return {"slots": {"who": name, name: 1, "same": True}, "frame": {"last": name}}


class InOrderEngine:
    """Lets its answers go one after the other, in the order told."""

    def __init__(self):
        self.play(NAMES)

    def play(self, order):
        self.order = order
        self.came = threading.Condition()
        self.gone = []
        self.turns = {name: asyncio.Event() for name in order}

    def send(self, request):
        name = json.loads(request.body)["action"]
        with self.came:
            assert self.came.wait_for(lambda: self.order[len(self.gone)] == name, 10)
            self.gone.append(name)
            self.came.notify_all()
        return answer(slots_of(name))

    async def send_async(self, request):
        name = json.loads(request.body)["action"]
        if name != self.order[0]:
            await self.turns[name].wait()
        self.gone.append(name)
        if len(self.gone) < len(self.order):
            self.turns[self.order[len(self.gone)]].set()
        return answer(slots_of(name))

    def close(self):
        pass


def test_a_thousand_orders_of_completion_come_to_the_same_result(invoke):
    engine, rng = InOrderEngine(), random.Random(3)
    sequence = CustomActionSequence(NAMES, config(engine), parallel=True)
    outcomes = set()
    for _ in range(1000):
        order = rng.sample(NAMES, len(NAMES))
        engine.play(order)
        responder = DialogueResponder()
        result = invoke(sequence, Request(text="hi"), responder)
        assert (engine.gone, result.error) == (order, None)
        outcomes.add((json.dumps(dict(responder)), result.conflicts))
    assert len(outcomes) == 1
    assert responder.slots["who"] == responder.frame["last"] == "e"
    assert set(result.conflicts) == {
        MergeConflict(member="slots", key="who", actions=NAMES),
        MergeConflict(member="frame", key="last", actions=NAMES),
    }


@pytest.mark.parametrize(("parallel", "level"), [(True, logging.INFO), (False, logging.DEBUG)])
def test_a_conflict_is_one_line_that_names_and_does_not_quote(invoke, turn, caplog, parallel, level):
    caplog.set_level(logging.DEBUG, "mm_actions.merge")
    engine = ScriptedEngine(
        lambda request: {"slots": {"a\nb": json.loads(request.body)["action"] + "-secret"}}
    )
    result = invoke(CustomActionSequence(["x", "y"], config(engine), parallel=parallel), *turn)
    (record,) = [each for each in caplog.records if each.name == "mm_actions.merge"]
    assert (record.levelno, record.mm_conflicts) == (level, [("slots", "a\nb", ("x", "y"))])
    assert "slots['a\\nb'] by 'x', 'y'" in record.getMessage()
    assert "secret" not in record.getMessage() + repr(result.conflicts)


@pytest.mark.parametrize(
    "answers",
    [
        ({"slots": {"s": 1}}, {"slots": {"s": 1}}),
        ({"slots": {"s": 1}}, {"frame": {"s": 2}}),
        ({"frame": {"s": 1}}, {"frame": {"t": 2}}),
        ({"params": {"language": "de"}}, {"params": {"locale": "de_DE", "language": None}}),
        ({"params": {"allowed_intents": ["a.b"]}}, {"params": {"allowed_intents": ["a.c"]}}),
        ({"slots": {"s": 1}}, {}),
    ],
)
def test_what_does_not_contradict_is_no_conflict(invoke, turn, answers, caplog):
    caplog.set_level(logging.DEBUG, "mm_actions.merge")
    assert invoke(CustomActionSequence(["a", "b"], config(ScriptedEngine(*answers))), *turn).conflicts == ()
    assert caplog.records == []


@pytest.mark.parametrize(
    ("first", "second", "place"),
    [
        ({"params": {"language": "de"}}, {"params": {"language": "en"}}, ("params", "language")),
        (
            {"params": {"dynamic_resource": {"x": 1}}},
            {"params": {"dynamic_resource": {"x": 2}}},
            ("params.dynamic_resource", "x"),
        ),
        ({"frame": {"x": None}}, {"frame": {"x": 0}}, ("frame", "x")),
    ],
)
def test_params_and_frame_conflict_as_slots_do(invoke, turn, first, second, place):
    result = invoke(CustomActionSequence(["a", "b"], config(ScriptedEngine(first, second))), *turn)
    assert [(each.member, each.key) for each in result.conflicts] == [place]
    assert result.conflicts[0].actions == ("a", "b")


def test_an_action_that_replaces_conflicts_with_all_that_it_drops(invoke, turn):
    engine = ScriptedEngine({"slots": {"s": 1, "t": 2}}, {"slots": {"t": 2}})
    settings = config(engine)
    actions = [CustomAction("a", settings), CustomAction("b", settings, merge=False)]
    result = invoke(CustomActionSequence(actions), *turn)
    assert turn[1].slots == {"t": 2}
    assert [str(each) for each in result.conflicts] == ["slots['s'] by 'a', 'b'"]


def test_three_that_contradict_are_one_conflict_and_an_agreeing_one_is_named(invoke, turn):
    engine = ScriptedEngine(*({"slots": {"s": value}} for value in (1, 1, 2, 3)))
    result = invoke(CustomActionSequence(["a", "b", "c", "a"], config(engine)), *turn)
    assert result.conflicts == (MergeConflict(member="slots", key="s", actions=("a", "b", "c", "a")),)


def test_many_conflicts_are_shown_in_part_and_given_whole(invoke, turn, caplog):
    caplog.set_level(logging.DEBUG, "mm_actions.merge")
    engine = ScriptedEngine(*({"slots": {f"s{key}": value for key in range(9)}} for value in (1, 2)))
    result = invoke(CustomActionSequence(["a", "b"], config(engine)), *turn)
    assert len(result.conflicts) == 9
    assert caplog.messages[0].count(" by ") == 5 + 1  # "by several actions"
    assert caplog.messages[0].endswith("...")


def test_what_was_undone_is_no_conflict(invoke, turn, caplog):
    caplog.set_level(logging.DEBUG, "mm_actions.merge")
    engine = ScriptedEngine({"slots": {"s": 1}}, {"slots": {"s": 2}}, answer(status=422))
    result = invoke(CustomActionSequence(["a", "b", "c"], config(engine), all_or_nothing=True), *turn)
    assert result.conflicts == ()
    assert {record.name for record in caplog.records} == {"mm_actions.call"}
