"""Whatever is sent, the server answers, and only a handler makes a 500."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.conftest import invocation

from mm_actions.server import ActionServer
from mm_actions.testing.action_tester import ActionTester

server = ActionServer()
ALLOWED = {200, 400, 404, 409, 422}


@server.action
async def hello(request, responder):
    """Look at everything, and change something of it all."""
    members = dict(request)
    responder.frame["members"] = sorted(members)
    responder.frame["turns"] = [len(turn) for turn in request.history]
    responder.params.allowed_intents = (*responder.params.allowed_intents, "a.b")
    responder.slots["text"] = request.text


@server.action
async def typed(request, responder, size: int, names: list[str], place: dict[str, Any] | None):
    """Take arguments."""
    responder.frame.update(size=size, names=names, place=place)


tester = ActionTester(server)


def post(body: bytes, headers: dict[str, str] | None = None) -> int:
    tested = asyncio.run(tester.send(body, headers=headers))
    assert (tested.problem is None) == (tested.status == 200)
    return tested.status


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(body: bytes) -> None:
    assert post(body) in ALLOWED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A full invocation with a member anywhere replaced, dropped or added."""
    payload = invocation(draw(st.sampled_from(["hello", "typed", "unknown"])))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = payload
        while True:
            inner = place if isinstance(place, list) else list(place.values())
            below = [value for value in inner if isinstance(value, dict | list) and value]
            if not below or draw(st.booleans()):
                break
            place = draw(st.sampled_from(below))
        key: Any = draw(st.sampled_from(range(len(place)) if isinstance(place, list) else sorted(place)))
        if draw(st.booleans()):
            place[key] = draw(json_values)
        elif len(place) > 1:
            del place[key]
        if isinstance(place, dict):
            names = ["size", "names", "place", "type", "role", draw(st.text(max_size=5))]
            place[draw(st.sampled_from(names))] = draw(json_values)
    return json.dumps(payload).encode()


@settings(deadline=None, max_examples=300)
@given(mutated())
def test_an_invocation_with_anything_in_any_place_is_answered(body: bytes) -> None:
    assert post(body) in ALLOWED


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(["traceparent", "X-MM-Timeout-Ms", "X-MM-Hops", "Idempotency-Key"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300),
    )
)
def test_any_headers_are_answered(headers: dict[str, str]) -> None:
    assert post(b'{"action": "hello"}', headers) in ALLOWED
