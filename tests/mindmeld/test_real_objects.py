"""Our actions called with the Request and the DialogueResponder of a MindMeld application.

They run with an imitation of MindMeld's classes. To run them with the real ones as well, name in
``MINDMELD_PATH`` the folders (separated as in ``PYTHONPATH``) where the package ``mindmeld`` and what it
imports are found; it needs a MindMeld that the tests' Python can import.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import warnings
from types import SimpleNamespace

import pytest
from tests.example_server.running import ROOT
from tests.mindmeld import imitation
from tests.mindmeld.conftest import texts

from mm_actions import (
    CustomAction,
    CustomActionSequence,
    invoke_custom_action,
    invoke_custom_action_async,
)
from mm_actions.contract.codec import encode
from mm_actions.testing import Answer, FaultServer, InOrder

FOLDERS = os.environ.get("MINDMELD_PATH")
NULLS = {"frame": None, "directives": None, "slots": None, "params": None}


def real():
    sys.path.extend(folder for folder in FOLDERS.split(os.pathsep) if folder not in sys.path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MindMeld's own
        request = importlib.import_module("mindmeld.components.request")
        dialogue = importlib.import_module("mindmeld.components.dialogue")
        custom_action = importlib.import_module("mindmeld.components.custom_action")
    return SimpleNamespace(
        Request=request.Request,
        Params=request.Params,
        FrozenParams=request.FrozenParams,
        DialogueResponder=dialogue.DialogueResponder,
        CustomAction=custom_action.CustomAction,
    )


@pytest.fixture(scope="module", params=["imitation", *(["real"] if FOLDERS else [])])
def mindmeld(request):
    return imitation if request.param == "imitation" else real()


@pytest.fixture(params=["minimal", "empty_request", "resolved_entities", "directives_of_every_shape"])
def recorded(request):
    return json.loads((ROOT / "openapi" / "examples" / f"{request.param}.json").read_text("utf-8"))["request"]


def turn_of(mindmeld, recorded):
    members = recorded["request"] | {"params": mindmeld.FrozenParams(**recorded["request"]["params"])}
    responder = recorded["responder"]
    request = mindmeld.Request(**members)
    return request, mindmeld.DialogueResponder(
        frame=dict(responder["frame"]),
        directives=list(responder["directives"]),
        slots=dict(responder["slots"]),
        params=mindmeld.Params(**responder["params"]),
        request=request,
    )


@pytest.fixture
def turn(mindmeld):
    request = mindmeld.Request(text="hi", frame={"a": 1}, params=mindmeld.FrozenParams(language="en"))
    responder = mindmeld.DialogueResponder(
        frame={"a": 1},
        slots={"name": "Bo"},
        params=mindmeld.Params(language="en", time_zone="Asia/Kolkata", allowed_intents=("d.i",)),
        request=request,
    )
    responder.reply("Hello {name}")
    return request, responder


FULL = {
    "frame": {"b": 2},
    "slots": {"shop": "Elm"},
    "directives": [{"name": "reply", "type": "view", "payload": {"text": "from the action"}}],
    "params": {
        "language": "de",
        "target_dialogue_state": "next",
        "allowed_intents": ["d.j"],
        "dynamic_resource": {"r": 1},
        "of_tomorrow": 1,
    },
}


@pytest.fixture
def answering():
    """A server's config, for one answer to every call."""
    servers = []

    def answering(answer):
        server = FaultServer(Answer(json=answer) if isinstance(answer, dict) else answer).start()
        servers.append(server)
        return {"url": f"{server.url}/action"}, server

    yield answering
    for server in servers:
        server.close()


def test_the_payload_is_the_recorded_one(mindmeld, recorded, invoke, answering):
    config, server = answering({})
    request, responder = turn_of(mindmeld, recorded)
    assert invoke(CustomAction(recorded["action"], config), request, responder)
    assert server.requests[0].json() == recorded


def test_the_payload_is_that_of_mindmelds_own_client(mindmeld, turn, answering):
    ours = json.loads(encode(CustomAction("a", answering({})[0]).get_json_payload(*turn)))
    if hasattr(mindmeld, "CustomAction"):
        assert ours == json.loads(json.dumps(mindmeld.CustomAction("a", {}).get_json_payload(*turn)))
    assert ours["request"]["frame"] == ours["responder"]["frame"] == {"a": 1}
    assert set(ours["responder"]) == {"frame", "directives", "params", "slots"}
    assert ours["responder"]["params"]["time_zone"] == "Asia/Kolkata"


def test_an_answer_is_merged(turn, invoke, answering):
    request, responder = turn
    directives, frame = responder.directives, responder.frame
    result = invoke(CustomAction("a", answering(FULL)[0]), request, responder)
    assert result, result.error
    assert texts(responder) == ["Hello Bo", "from the action"]
    assert (responder.frame, responder.slots) == ({"a": 1, "b": 2}, {"name": "Bo", "shop": "Elm"})
    assert (responder.directives, responder.frame) == (directives, frame)
    params = responder.params
    assert (params.language, params.time_zone, params.target_dialogue_state) == ("de", "Asia/Kolkata", "next")
    assert tuple(params.allowed_intents) == ("d.i", "d.j")
    assert dict(params.dynamic_resource) == {"r": 1}


def test_without_merge_an_answer_replaces(turn, invoke, answering):
    request, responder = turn
    assert invoke(CustomAction("a", answering(FULL)[0], merge=False), request, responder)
    assert texts(responder) == ["from the action"]
    assert (responder.frame, responder.slots) == ({"b": 2}, {"shop": "Elm"})
    assert tuple(responder.params.allowed_intents) == ("d.j",)
    assert responder.params.time_zone == "Asia/Kolkata"


@pytest.mark.parametrize("merge", [True, False])
def test_nulls_change_nothing_and_the_responder_stays_usable(turn, invoke, answering, merge):
    request, responder = turn
    before = json.dumps(dict(responder))
    assert invoke(CustomAction("a", answering(NULLS)[0], merge=merge), request, responder)
    assert json.dumps(dict(responder)) == before
    responder.reply("and on")
    assert texts(responder) == ["Hello Bo", "and on"]


def test_frozen_params_on_the_responder_are_no_obstacle(mindmeld, invoke, answering):
    frozen = mindmeld.FrozenParams(language="en", allowed_intents=["d.i"], dynamic_resource={"q": 1})
    responder = mindmeld.DialogueResponder(params=frozen)
    result = invoke(CustomAction("a", answering(FULL)[0]), mindmeld.Request(), responder)
    assert result, result.error
    assert (responder.params.language, frozen.language) == ("de", "en")
    assert tuple(responder.params.allowed_intents) == ("d.i", "d.j")
    assert dict(responder.params.dynamic_resource) == {"q": 1, "r": 1}
    assert dict(responder)["params"]["target_dialogue_state"] == "next"


@pytest.mark.parametrize("answer", [Answer(status=500), {"params": {"language": 5}, "frame": {"b": 2}}])
def test_a_failure_changes_nothing(turn, invoke, answering, answer):
    request, responder = turn
    before = json.dumps(dict(responder))
    assert not invoke(CustomAction("a", answering(answer)[0]), request, responder)
    assert json.dumps(dict(responder)) == before


def test_a_sequence_runs_through(turn, invoke, answering):
    config, server = answering(FULL)
    request, responder = turn
    assert invoke(CustomActionSequence(["a", "b"], config), request, responder)
    assert texts(responder) == ["Hello Bo", "from the action", "from the action"]
    assert [sent.json()["action"] for sent in server.requests] == ["a", "b"]
    assert server.requests[1].json()["responder"]["frame"] == {"a": 1, "b": 2}


@pytest.mark.parametrize("parallel", [False, True])
def test_all_or_nothing_restores_the_responder(turn, invoke, parallel):
    request, responder = turn
    before = json.dumps(dict(responder))
    with FaultServer(InOrder(Answer(json=FULL), Answer(status=500))) as server:
        sequence = CustomActionSequence(
            ["a", "b"], {"url": server.url}, all_or_nothing=True, parallel=parallel
        )
        assert not invoke(sequence, request, responder)
    assert json.dumps(dict(responder)) == before


@pytest.mark.parametrize("merge", [True, False])
def test_the_helper_functions_take_them(turn, answering, merge):
    config, _ = answering(FULL)
    request, responder = turn
    assert invoke_custom_action("a", config, request, responder, merge=merge)
    assert asyncio.run(invoke_custom_action_async("a", config, request, responder, merge=merge))
    assert texts(responder)[-1] == "from the action"
    assert len(responder.directives) == (3 if merge else 1)


def test_history_and_frame_of_maps_are_sent(mindmeld, invoke, answering):
    config, server = answering({})
    earlier = {"frame": {"x": 1}, "directives": [], "dialogue_state": "s"}
    request = mindmeld.Request(text="hi", history=[earlier], frame={"m": {"n": 1}})
    assert invoke(CustomAction("a", {**config, "history": 1}), request, mindmeld.DialogueResponder())
    sent = server.requests[0].json()["request"]
    assert sent["history"] == [earlier]
    assert sent["frame"] == {"m": {"n": 1}}


def test_labels_to_allow_are_merged_though_mindmeld_never_sends_them(turn, invoke, answering):
    request, responder = turn
    assert invoke(CustomAction("a", answering({"params": {"allow_nlp": ["a.b"]}})[0]), request, responder)
    assert tuple(responder.params.allow_nlp) == ("a.b",)
