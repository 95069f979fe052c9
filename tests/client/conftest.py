"""Actions whose engine follows a script, in either colour."""

import asyncio

import pytest

from mm_actions import DialogueResponder, Request
from transports.http.system_authority import one_authority_of_the_system

__all__ = ["invoke", "one_authority_of_the_system", "turn"]


@pytest.fixture(params=["sync", "async"])
def invoke(request):
    """Invoke anything in either colour."""
    if request.param == "sync":
        return lambda action, *turn: action.invoke(*turn)
    return lambda action, *turn: asyncio.run(action.invoke_async(*turn))


@pytest.fixture
def turn():
    return Request(text="hi", domain="d", intent="i"), DialogueResponder(frame={"kept": 1})
