"""Hearing of every call that is made, whoever makes it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from mm_actions import CustomAction, CustomActionSequence, DialogueResponder, Request
from mm_actions.client.call import observing
from mm_actions.testing import Answer, FaultServer

if TYPE_CHECKING:
    from mm_actions import ActionResult


def turn() -> tuple[Request, DialogueResponder]:
    return Request(text="hello"), DialogueResponder()


def test_single_calls_sequences_and_parallel_calls_are_observed(url: str) -> None:
    heard: list[ActionResult] = []
    with observing(heard.append):
        CustomAction("one", {"url": url}).invoke(*turn())
        CustomActionSequence(["two", "three"], {"url": url}).invoke(*turn())
        CustomActionSequence(["four", "five"], {"url": url}, parallel=True).invoke(*turn())
    assert [result.action for result in heard[:3]] == ["one", "two", "three"]
    assert {result.action for result in heard[3:]} == {"four", "five"}
    assert all(heard)


def test_awaited_calls_are_observed(url: str) -> None:
    heard: list[ActionResult] = []

    async def talk() -> None:
        with observing(heard.append):
            await CustomActionSequence(["one", "two"], {"url": url}, parallel=True).invoke_async(*turn())
        await CustomAction("unheard", {"url": url}).invoke_async(*turn())

    asyncio.run(talk())
    assert {result.action for result in heard} == {"one", "two"}


def test_a_failure_is_observed_with_its_error(server: FaultServer, url: str) -> None:
    server.play(Answer(status=422))
    heard: list[ActionResult] = []
    with observing(heard.append):
        CustomAction("one", {"url": url}).invoke(*turn())
    assert [result.kind for result in heard] == ["request-refused"]


def test_every_observer_hears_and_only_while_it_observes(url: str) -> None:
    outer: list[ActionResult] = []
    inner: list[ActionResult] = []
    action = CustomAction("one", {"url": url})
    with observing(outer.append):
        with observing(inner.append):
            action.invoke(*turn())
        action.invoke(*turn())
    action.invoke(*turn())
    assert (len(outer), len(inner)) == (2, 1)


def test_calls_of_another_thread_are_its_own(url: str) -> None:
    heard: list[ActionResult] = []
    action = CustomAction("one", {"url": url})
    with observing(heard.append):
        thread = threading.Thread(target=action.invoke, args=turn())
        thread.start()
        thread.join(10)
    assert not thread.is_alive()
    assert heard == []


def test_an_observer_that_stops_observing_by_an_error_is_forgotten(url: str) -> None:
    heard: list[ActionResult] = []
    with pytest.raises(LookupError), observing(heard.append):
        raise LookupError
    CustomAction("one", {"url": url}).invoke(*turn())
    assert heard == []
