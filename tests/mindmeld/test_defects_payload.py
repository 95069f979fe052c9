"""Where what MindMeld sends and what its contract says differ, and what breaks before it is sent.

Each docstring gives the number of the defect and its name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from tests.example_server.running import ROOT, run_server
from tests.mindmeld.conftest import texts

from mm_actions import CustomAction, Params, Request, Responder
from mm_actions.contract.codec import encode
from mm_actions.errors import EncodingFailed
from mm_actions.testing import Answer, FaultServer

CONTRACT = ROOT / "openapi" / "custom_action.yaml"
RESOLVED = {
    "text": "elm street",
    "type": "store_name",
    "role": None,
    "value": [{"id": "1", "cname": "23 Elm Street", "score": 27.0, "top_synonym": "23 Elm"}],
    "span": {"start": 22, "end": 31},
    "display_text": "elm street",
    "confidence": 0.97,
}


@pytest.fixture(scope="module")
def schemas():
    import yaml

    return yaml.safe_load(CONTRACT.read_text("utf-8"))["components"]["schemas"]


def full_turn():
    earlier = Responder(request=Request(text="before"), dialogue_state="greet")
    request = Request(
        text="are you open on elm street",
        domain="store_info",
        intent="get_store_hours",
        entities=[RESOLVED],
        history=[dict(earlier)],
        frame={"a": 1},
        context={"device": "kiosk"},
        confidences={"domains": {"store_info": 0.99}},
        nbest_transcripts_text=["are you open"],
        nbest_transcripts_entities=[[RESOLVED]],
        nbest_aligned_entities=[[RESOLVED]],
        form={"entities": []},
        request_id="turn-1",
        params={"timestamp": 1546300800000, "allow_nlp": ["a.b"], "deny_nlp": ["c.d"]},
    )
    responder = Responder(params=Params(timestamp=1546300800000), slots={"s": 1})
    responder.list([{"title": "Elm"}])
    return request, responder


@pytest.mark.parametrize(
    "turn",
    [
        {"request": Request(text="elm street", entities=[RESOLVED])},
        {"request": Request(text="hi", params={"timestamp": 1546300800000})},
        {"directives": [{"name": "list", "type": "view", "payload": [{"title": "Elm"}, {"title": "Oak"}]}]},
        {"directives": [{"name": "suggestions", "type": "view", "payload": [{"text": "yes"}]}]},
    ],
    ids=["resolved entity", "timestamp", "list", "suggestions"],
)
def test_the_sample_server_takes_what_the_client_sends(invoke, sample_server, turn):
    """Defect 18, a contract that differs from its client: each of these is a 400 of MindMeld's own server."""
    responder = Responder(directives=list(turn.get("directives", ())))
    action = CustomAction("greet", {"url": f"{sample_server}/action"})
    result = invoke(action, turn.get("request", Request(text="hi")), responder)
    assert result, result.error
    assert responder.directives[-1]["payload"] == {"text": "Invoking greet on custom server."}


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ("DialogueRequest", lambda payload: payload["request"]),
        ("Entity", lambda payload: payload["request"]["entities"][0]),
        ("Params", lambda payload: payload["request"]["params"]),
        ("Responder", lambda payload: payload["responder"]),
        ("Invocation", lambda payload: payload),
    ],
)
def test_the_contract_names_every_member_that_is_sent(schemas, schema, sent):
    """Defect 19, members outside the contract: frame, history, confidences, form, nbest_* and span are."""
    action = CustomAction("a", {"url": "http://unused.example/"})
    payload = sent(json.loads(encode(action.get_json_payload(*full_turn()))))
    assert set(payload) <= set(schemas[schema]["properties"])


def test_an_invocation_without_an_action_is_refused(schemas):
    """Defect 19, members outside the contract: nothing is required, so {} is an invocation of None."""
    assert "action" in schemas["Invocation"]["required"]
    with run_server() as server:
        answer = server.post({})
        assert (answer.status, answer.media_type) == (400, "application/problem+json")
        assert "action" in str(answer.json)


def test_an_empty_request_is_valid_and_everybody_says_so(invoke, sample_server, schemas):
    """Defect 20, documentation: it says 400 for a request without members, and the call succeeds."""
    recorded = json.loads((ROOT / "openapi" / "examples" / "empty_request.json").read_text("utf-8"))
    assert recorded["status"] == 200
    assert not schemas["DialogueRequest"].get("required")
    responder = Responder()
    assert invoke(CustomAction("action_call_people", {"url": f"{sample_server}/"}), Request(), responder)
    assert texts(responder) == ["Invoking action_call_people on custom server."]


class Map(Mapping):
    """Neither a dict nor anything that a JSON writer knows, like the maps of MindMeld's Request."""

    def __init__(self, **members):
        self._members = members

    def __getitem__(self, key):
        return self._members[key]

    def __iter__(self):
        return iter(self._members)

    def __len__(self):
        return len(self._members)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (Map(a=Map(b=1)), {"a": {"b": 1}}),
        (datetime(2026, 11, 21, 9, 0, tzinfo=UTC), "2026-11-21T09:00:00Z"),
        (date(2026, 11, 21), "2026-11-21"),
        (math.nan, None),
        (math.inf, None),
        ({"a", "b"} - {"b"}, ["a"]),
        ((1, 2), [1, 2]),
    ],
    ids=["map", "datetime", "date", "nan", "infinity", "set", "tuple"],
)
@pytest.mark.parametrize("place", ["request", "responder", "history"])
def test_what_applications_keep_in_the_frame_is_sent(invoke, value, sent, place):
    """Defect 21, values: maps, datetimes and NaN are exceptions before anything is sent."""
    earlier = dict(Responder(frame={"value": value})) if place == "history" else None
    request = Request(
        frame={"value": value} if place == "request" else {}, history=[earlier] if earlier else []
    )
    responder = Responder(frame={"value": value} if place == "responder" else {})
    with FaultServer(Answer(json={})) as server:
        result = invoke(CustomAction("a", {"url": server.url}), request, responder)
        assert result, result.error
        body = server.requests[0].json()
    holder = body["request"]["history"][0] if place == "history" else body[place]
    assert holder["frame"] == {"value": sent}


def test_what_json_cannot_carry_is_a_falsy_result(invoke):
    """Defect 21, values: the turn goes on, and the error names the type."""
    with FaultServer(Answer(json={})) as server:
        result = invoke(
            CustomAction("a", {"url": server.url}), Request(frame={"value": object()}), Responder()
        )
        assert server.request_count == 0
    assert not result
    assert isinstance(result.error, EncodingFailed)
    assert "object" in str(result.error)


def test_the_history_that_is_sent_can_be_limited(invoke):
    """Defect 22, whole history: each call sends all turns, 94 KB after a hundred of them."""
    turn = dict(Responder(request=Request(text="before"), frame={"note": "x" * 500}))
    request = Request(text="hi", history=[{**turn, "dialogue_state": str(n)} for n in range(100)])
    sizes = {}
    with FaultServer(Answer(json={})) as server:
        for history in ("all", 2, "none"):
            assert invoke(CustomAction("a", {"url": server.url, "history": history}), request, Responder())
            body = server.requests[-1].json()["request"]
            sizes[history] = (len(body.get("history", ())), len(server.requests[-1].body))
            if history == 2:
                assert [turn["dialogue_state"] for turn in body["history"]] == ["0", "1"]  # newest first
    assert [count for count, _ in sizes.values()] == [100, 2, 0]
    assert sizes["all"][1] > 50_000
    assert sizes["none"][1] < 1_000
