"""How deep a request may be, wherever in it and however long its history is."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_actions.contract.codec import MAX_DEPTH
from mm_actions.server import ActionServer
from mm_actions.server.calls.host import Call, Host

server = ActionServer()


@server.action
async def hello(request, responder):
    responder.frame["turns"] = len(request.history)


def status(body: bytes) -> int:
    async def invoke() -> int:
        host = Host(server.registry, server.options)
        try:
            reply = await host.invoke(Call(body=body, headers={}, started=asyncio.get_running_loop().time()))
        finally:
            await host.close()
        return reply.status

    return asyncio.run(invoke())


def levels(document: bytes) -> int:
    """Count levels the slow and simple way."""
    deepest = depth = 0
    quoted = escaped = False
    for character in document.decode():
        if quoted:
            quoted = escaped or character != '"'
            escaped = not escaped and character == "\\"
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


TURNS = st.sampled_from(
    [
        b"{}",
        b'{"text": "a large coffee, please, with milk"}',
        b'{"text": "' + b"long " * 2000 + b'"}',
        b'{"text": "[[[[ \\" ]]]] {}"}',
        b'{"a": %b}' % nested(MAX_DEPTH - 4),
        b'{"a": %b}' % nested(MAX_DEPTH - 3),
    ]
)
SEPARATORS = st.sampled_from([b",", b", ", b" ,\n ", b"," + b" " * 100])


@given(
    turns=st.lists(TURNS, max_size=40),
    separators=st.lists(SEPARATORS, min_size=1, max_size=2),
    copied=st.booleans(),
    context=st.integers(0, MAX_DEPTH),
    padding=st.sampled_from([0, 20_000]),
)
def test_a_request_is_refused_exactly_when_it_is_nested_too_deeply(
    turns, separators, copied, context, padding
):
    history = b"".join(
        turn + separators[position % len(separators)] for position, turn in enumerate(turns)
    ).rstrip(b" ,\n")
    # A copy of the history, deep inside another member, must not be taken for it.
    copy = history if copied else b""
    frame = b'{"a": %b%b%b}' % (b"[" * context, copy, b"]" * context) if context else b"{}"
    body = b'{"action": "hello", "padding": "%b", "request": {"frame": %b, "history": [%b]}}' % (
        b"x" * padding, frame, history,
    )  # fmt: skip
    json.loads(body)
    assert status(body) == (400 if levels(body) > MAX_DEPTH else 200)


def test_a_copy_between_two_equal_turns_hides_nothing():
    turn = b'{"text": "%b"}' % (b"x" * 20_000)
    for depth in MAX_DEPTH - 6, MAX_DEPTH + 6:
        hidden = turn + b', {"a": %b}, ' % nested(depth) + turn
        body = b'{"action": "hello", "request": {"context": {"a": [%b]}, "history": [%b, %b]}}' % (
            hidden, turn, turn,
        )  # fmt: skip
        assert status(body) == (400 if levels(body) > MAX_DEPTH else 200)


@pytest.mark.parametrize("turn", [b"1", b'"x"', b"null", b"[]", b" 1"])
def test_a_turn_that_is_not_an_object_is_refused(turn: bytes):
    assert status(b'{"action": "hello", "request": {"history": [{}, %b]}}' % turn) == 400


def test_spaces_before_a_turn_are_no_harm():
    assert status(b'{"action": "hello", "request": {"history": [ \n\t{} , {}]}}') == 200
