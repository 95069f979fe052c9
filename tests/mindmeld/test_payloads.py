"""Payloads recorded from a MindMeld application: our client makes the same, the sample server takes them."""

from __future__ import annotations

import json

import pytest
from tests.example_server.running import ROOT

from mm_actions import CustomAction, Params, Request, Responder
from mm_actions.contract.codec import encode
from mm_actions.testing import Answer, FaultServer

RECORDED = ["minimal", "empty_request", "resolved_entities", "directives_of_every_shape"]


@pytest.fixture(params=RECORDED)
def recorded(request):
    path = ROOT / "openapi" / "examples" / f"{request.param}.json"
    return json.loads(path.read_text("utf-8"))["request"]


def turn_of(recorded):
    """Make the Request and the Responder that an application had when the payload was recorded."""
    responder = recorded["responder"]
    return Request(**recorded["request"]), Responder(
        frame=responder["frame"],
        directives=responder["directives"],
        slots=responder["slots"],
        params=Params(**responder["params"]),
    )


def test_the_payload_is_the_recorded_one_key_by_key(recorded):
    action = CustomAction(recorded["action"], {"url": "http://unused.example/action"})
    payload = json.loads(encode(action.get_json_payload(*turn_of(recorded))))
    assert set(payload) == set(recorded)
    for part in ("request", "responder"):
        assert set(payload[part]) == set(recorded[part])
        for key, value in recorded[part].items():
            assert payload[part][key] == value, (part, key)
    assert payload == recorded


def test_what_is_posted_is_the_recorded_payload(recorded, invoke):
    with FaultServer(Answer(json={})) as server:
        assert invoke(CustomAction(recorded["action"], {"url": f"{server.url}/action"}), *turn_of(recorded))
        (sent,) = server.requests
    assert sent.json() == recorded
    assert sent.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/action", "/v2/action", "/"])
def test_the_sample_server_takes_it(recorded, invoke, sample_server, path):
    request, responder = turn_of(recorded)
    before = list(responder.directives)
    result = invoke(CustomAction("action_of_any_name", {"url": f"{sample_server}{path}"}), request, responder)
    assert result, result.error
    assert responder.directives[:-1] == before
    assert responder.directives[-1]["payload"] == {"text": "Invoking action_of_any_name on custom server."}


def test_the_sample_server_takes_a_timestamp_as_mindmeld_writes_it(invoke, sample_server):
    request = Request(text="hi", params={"timestamp": 1546300800000, "time_zone": "America/Los_Angeles"})
    responder = Responder(params=Params(timestamp=1546300800000))
    action = CustomAction("any", {"url": f"{sample_server}/action"})
    payload = json.loads(encode(action.get_json_payload(request, responder)))
    for part in ("request", "responder"):
        assert payload[part]["params"]["timestamp"] == "1546300800000"
    assert invoke(action, request, responder)
    assert responder.params.timestamp == 1546300800000


def test_the_sample_server_takes_the_payload_of_a_whole_turn(invoke, sample_server):
    earlier = Responder(request=Request(text="before"), dialogue_state="greet")
    earlier.reply("hi")
    request = Request(
        text="two large lattes",
        domain="ordering",
        intent="order",
        history=[dict(earlier)],
        frame={"order": {"items": []}},
        context={"device": "kiosk"},
        confidences={"domains": {"ordering": 0.9}, "intents": {"order": 0.8}},
        nbest_transcripts_text=["two large lattes", "too large lattes"],
        nbest_transcripts_entities=[[{"text": "two", "type": "sys_number"}], []],
        nbest_aligned_entities=[[{"text": "two", "type": "sys_number", "span": {"start": 0, "end": 2}}]],
        form={"entities": [{"entity": "size", "responses": ["Which size?"]}]},
        request_id="turn-1",
        params={
            "allowed_intents": ["ordering.order"],
            "allow_nlp": ["ordering.*"],
            "dynamic_resource": {"a": 1},
        },
    )
    result = invoke(CustomAction("any", {"url": f"{sample_server}/action"}), request, Responder())
    assert result, result.error
