"""Directives of a module's actions as they are produced."""

from __future__ import annotations

import pytest

from mm_actions import DialogueResponder, Request
from mm_actions.errors import AnswerTooLarge, ServerFailed

STREAMS = """
said, released, ended = [], threading.Event(), threading.Event()

@server.action
async def coroutine(request, responder):
    for number in range(3):
        responder.reply(f"{number}")
        said.append(number)
        await responder.flush()
    responder.frame["done"] = True

@server.action
def plain(request, responder):
    for number in range(3):
        responder.reply(f"{number}")
        said.append(number)
        responder.flush()
    responder.frame["done"] = True

@server.action
def generator(request, responder):
    for number in range(3):
        responder.reply(f"{number}")
        said.append(number)
        yield
    responder.frame["done"] = True

@server.action
async def endless(request, responder):
    try:
        while True:
            said.append(1)
            responder.reply("again")
            await responder.flush()
    finally:
        ended.set()

@server.action
def endless_plain(request, responder):
    try:
        while True:
            said.append(1)
            responder.reply("again")
            responder.flush()
    finally:
        ended.set()

@server.action(on_disconnect="finish")
def finishes(request, responder):
    responder.reply("begun")
    responder.flush()
    released.wait(30)
    responder.flush()
    ended.set()

@server.action
def breaks(request, responder):
    responder.reply("begun")
    responder.flush()
    raise RuntimeError("canary")

@server.action
def large(request, responder):
    responder.reply("x" * 2_000_000)
    responder.flush()
"""


def text_of(directives):
    return [directive["payload"]["text"] for directive in directives]


@pytest.mark.parametrize("name", ["coroutine", "plain", "generator"])
@pytest.mark.parametrize("settings", [{}, {"idempotent": True}, {"python": {"strict": True}}])
def test_directives_come_one_by_one_and_all_is_merged_at_the_end(module, caller, name, settings):
    responder = DialogueResponder()
    came, result = caller.stream(module(STREAMS).action(name, **settings), responder)
    assert text_of(came) == ["0", "1", "2"] == text_of(responder.directives)
    assert result
    assert responder.frame == {"done": True}


@pytest.mark.parametrize("name", ["endless", "endless_plain"])
def test_a_handler_is_no_further_ahead_than_its_reader_and_ends_when_that_leaves(module, caller, name):
    actions = module(STREAMS)
    responder = DialogueResponder()
    came, _ = caller.stream(actions.action(name, timeout=20), responder, most=5)
    held = __import__(actions.name)
    assert held.ended.wait(5)
    assert text_of(came) == ["again"] * 5
    assert len(held.said) <= 5 + 4
    assert responder.directives == []


def test_an_action_that_is_to_finish_does(module, caller):
    actions = module(STREAMS)
    caller.stream(actions.action("finishes", timeout=20), DialogueResponder(), most=1)
    held = __import__(actions.name)
    held.released.set()
    assert held.ended.wait(5)


def test_a_failure_within_a_stream_leaves_the_responder_as_it_was(module, caller):
    responder = DialogueResponder(frame={"a": 1})
    came, result = caller.stream(module(STREAMS).action("breaks"), responder)
    assert text_of(came) == ["begun"]
    assert isinstance(result.error, ServerFailed)
    assert "canary" not in str(result.error)
    assert (responder.directives, responder.frame) == ([], {"a": 1})


def test_a_directive_that_is_too_large_is_refused(module, caller):
    came, result = caller.stream(module(STREAMS).action("large"), DialogueResponder())
    assert came == []
    assert isinstance(result.error, AnswerTooLarge)


def test_a_blocking_reader_may_leave_without_closing(module):
    actions = module(STREAMS)
    stream = actions.action("endless", timeout=20).stream(Request(), DialogueResponder())
    assert next(stream)["payload"] == {"text": "again"}
    del stream
    assert __import__(actions.name).ended.wait(5)
