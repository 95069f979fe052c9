"""Valid answers with something changed: either they are valid still, or there is one typed error."""

import asyncio
import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from faults.mutations import Mutant, mutants, wires
from mm_actions import ActionResult, CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.errors import InvocationError
from mm_actions.testing import Close, FaultServer, ReadRequest, Send
from mm_actions.testing.scripted import ScriptedEngine
from mm_actions.transports.http.engine import HttpResponse

LENIENT = {"breaker": {"failures": 1_000_000, "success_ratio": 0}}
"""So that what one example does to the server's record does not decide about the next."""

FAST = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
THOROUGH = settings(FAST, max_examples=10_000)
FEW = settings(FAST, max_examples=60)
SOME = settings(FAST, max_examples=500)

ENGINES = ("curl", "requests", "aiohttp")


def is_json(value: Any) -> bool:
    """Whether a value, all the way down, is one that JSON has."""
    match value:
        case dict():
            return all(isinstance(name, str) and is_json(inner) for name, inner in value.items())
        case list():
            return all(map(is_json, value))
        case float():
            return value - value == 0  # neither infinite nor not a number
        case str():
            return value.encode() is not None
        case _:
            return value is None or isinstance(value, (bool, int))


def check_types(responder: DialogueResponder) -> None:
    assert isinstance(responder.directives, list)
    for directive in responder.directives:
        assert isinstance(directive, dict)
        assert isinstance(directive.get("name", ""), str)
        assert isinstance(directive.get("type", ""), str)
    for member in (responder.directives, responder.frame, responder.slots, responder.params.dynamic_resource):
        assert is_json(member)
    assert isinstance(responder.frame, dict)
    assert isinstance(responder.slots, dict)
    params = responder.params
    assert isinstance(params.dynamic_resource, dict)
    for intents in (params.allowed_intents, params.allow_nlp, params.deny_nlp):
        assert isinstance(intents, (list, tuple))
        assert all(isinstance(intent, str) for intent in intents)
    for text in (params.target_dialogue_state, params.time_zone, params.language, params.locale):
        assert text is None or isinstance(text, str)
    assert params.timestamp is None or (isinstance(params.timestamp, int) and params.timestamp > 0)


def started() -> DialogueResponder:
    responder = DialogueResponder(frame={"kept": 1}, slots={"s": 1})
    responder.reply("before")
    responder.params.language = "de"
    responder.params.allowed_intents = ("a.b",)
    return responder


def check(result: ActionResult, responder: DialogueResponder, before: dict[str, Any]) -> None:
    """Either all of a valid answer, or one typed error and nothing."""
    if result:
        assert result.error is None
        check_types(responder)
    else:
        assert isinstance(result.error, InvocationError)
        assert result.error.cause
        assert str(result.error)
        assert dict(responder) == before


def check_merged(body: bytes, responder: DialogueResponder, before: dict[str, Any]) -> None:
    """Another reader of JSON, and the rules of merging said a second time, come to the same."""
    answer = json.loads(body) if body else {}
    for member in ("frame", "slots"):
        assert getattr(responder, member) == before[member] | (answer.get(member) or {})
    assert responder.directives == before["directives"] + (answer.get("directives") or [])
    params = answer.get("params") or {}
    assert list(responder.params.allowed_intents) == ["a.b", *(params.get("allowed_intents") or ())]
    language = params.get("language")
    assert responder.params.language == ("de" if language is None else language)


def try_mutant(mutant: Mutant) -> None:
    response = HttpResponse(status=mutant.status, headers=mutant.headers, body=mutant.body)
    action = CustomAction(
        "greet", {"url": "http://127.0.0.1/action", "engine": ScriptedEngine(response), "retries": 0}
    )
    responder = started()
    before = deepcopy(dict(responder))
    result = action.invoke(Request(), responder)
    check(result, responder, before)
    if result and mutant.status != 204:
        check_merged(mutant.body, responder, before)


def try_wire(wire: bytes, server: FaultServer, engine: str, runner: asyncio.Runner) -> None:
    server.play((ReadRequest(), Send(wire), Close()))
    config = {
        "url": f"{server.url}/action",
        "engine": engine,
        "retries": 0,
        "timeout": 2,
        "resilience": LENIENT,
    }
    action = CustomAction("greet", config)
    action._endpoint.start_over()  # a mutant may say 410, after which nothing would be sent
    for invoke in (action.invoke, lambda *turn: runner.run(action.invoke_async(*turn))):
        responder = started()
        before = deepcopy(dict(responder))
        check(invoke(Request(), responder), responder, before)


@pytest.fixture(autouse=True)
def closed():
    yield
    close_endpoints()


@given(mutants())
@FAST
def test_a_mutated_answer_is_valid_or_one_typed_error(mutant):
    try_mutant(mutant)


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(mutants())
@THOROUGH
def test_ten_thousand_mutated_answers_are_valid_or_one_typed_error(mutant):
    try_mutant(mutant)


@pytest.fixture(scope="module")
def server():
    with FaultServer(keep=0) as server:
        yield server


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("engine", ENGINES)
@given(wire=wires())
@FEW
def test_mutated_bytes_on_a_connection_are_a_valid_answer_or_one_typed_error(server, runner, engine, wire):
    try_wire(wire, server, engine, runner)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("engine", ENGINES)
@given(wire=wires())
@SOME
def test_many_mutated_bytes_on_a_connection_are_a_valid_answer_or_one_typed_error(
    server, runner, engine, wire
):
    try_wire(wire, server, engine, runner)
