"""Actions of a module, called without a server."""

from __future__ import annotations

import gc
import threading
from copy import deepcopy
from datetime import UTC, datetime

import pytest

from mm_actions import CustomAction, CustomActionSequence, DialogueResponder, Request
from mm_actions.core import hops
from mm_actions.errors import (
    ActionNotFound,
    AnswerTooLarge,
    ConfigurationError,
    EncodingFailed,
    NotAuthorized,
    RequestRefused,
    Sent,
    ServerFailed,
    ServerUnavailable,
)
from mm_actions.server.serving.loading import ModuleFailed

TWO = """
@server.action
def plain(request, responder):
    responder.reply(f"plain {request.text}")
    responder.frame["seen"] = [entity["type"] for entity in request.entities]

@server.action
async def waiting(request, responder):
    await asyncio.sleep(0)
    responder.reply(f"waiting {request.text}")
    responder.slots["history"] = len(request.history)
"""

MUTATING = """
@server.action
def spoil(request, responder):
    request.entities[0]["value"].append("spoilt")
    request.frame["kept"]["spoilt"] = True
    request.history[0]["frame"]["spoilt"] = True
    request.context["deep"][0]["spoilt"] = True
    request.params.dynamic_resource["gazetteers"].append("spoilt")
    responder.frame["kept"]["spoilt"] = True
    responder.directives[0]["payload"]["spoilt"] = True
    responder.directives.clear()
    responder.slots.clear()
    responder.params.language = "xx"
    responder.params.dynamic_resource["gazetteers"].append("spoilt")
    raise RuntimeError("canary")
"""


def turn():
    request = Request(
        text="hi",
        entities=[{"type": "drink", "value": [{"cname": "tea"}]}],
        frame={"kept": {"a": 1}},
        context={"deep": [{"a": 1}]},
        history=[{"frame": {"a": 1}}, {"frame": {"a": 2}}],
        params={"dynamic_resource": {"gazetteers": ["a"]}},
    )
    responder = DialogueResponder(frame={"kept": {"a": 1}}, slots={"s": 1})
    responder.reply("before")
    responder.params.dynamic_resource = {"gazetteers": ["a"]}
    return request, responder


@pytest.mark.parametrize("strict", [False, True])
def test_an_action_answers_as_behind_a_server(module, caller, strict):
    actions = module(TWO)
    request, responder = turn()
    sequence = CustomActionSequence(
        [actions.action("plain", python={"strict": strict}), actions.action("waiting", history=1)]
    )
    if caller.sync:
        result = sequence.invoke(request, responder)
    else:
        result = caller.runner.run(sequence.invoke_async(request, responder))
    assert result, result.error
    texts = [directive["payload"]["text"] for directive in responder.directives]
    assert texts == ["before", "plain hi", "waiting hi"]
    assert responder.frame == {"kept": {"a": 1}, "seen": ["drink"]}
    assert responder.slots == {"s": 1, "history": 1}


def test_the_server_of_a_module_may_have_another_name(module, caller):
    actions = module("shop = ActionServer()\n@shop.action\ndef greet(request, responder):\n    pass\n")
    assert caller.call(CustomAction("greet", {"url": f"{actions.url}:shop"}))


@pytest.mark.parametrize("strict", [False, True])
def test_a_handler_cannot_change_what_the_application_holds(module, caller, strict):
    request, responder = turn()
    before = deepcopy((dict(request), dict(responder)))
    result = caller.call(module(MUTATING).action("spoil", python={"strict": strict}), request, responder)
    assert isinstance(result.error, ServerFailed)
    assert (dict(request), dict(responder)) == before
    assert "canary" not in str(result.error)


def test_a_further_attempt_sees_the_turn_as_it_was(module, caller):
    actions = module(
        "seen = []\n"
        "@server.action\ndef once(request, responder):\n"
        "    seen.append((dict(responder.frame), request.frame['a']['b']))\n"
        "    responder.frame['a'] = 2\n    request.frame['a']['b'] = 2\n"
        "    if len(seen) == 1:\n"
        "        from mm_actions.server import Unavailable\n        raise Unavailable(retry_after=0)\n"
        "    responder.slots['seen'] = seen\n"
    )
    responder = DialogueResponder(frame={"a": 1})
    result = caller.call(actions.action("once", retries=1), Request(frame={"a": {"b": 1}}), responder)
    assert (bool(result), result.attempts) == (True, 2)
    assert responder.slots["seen"] == [[{"a": 1}, 1], [{"a": 1}, 1]]


def test_strict_sends_what_json_can_carry_and_otherwise_values_keep_their_types(module, caller):
    actions = module(
        "@server.action\ndef kind(request, responder):\n"
        "    responder.slots['kind'] = type(request.context['at']).__name__\n"
    )
    kinds = []
    for strict in (False, True):
        responder = DialogueResponder()
        request = Request(context={"at": datetime(2026, 1, 1, tzinfo=UTC)})
        assert caller.call(actions.action("kind", python={"strict": strict}), request, responder)
        kinds.append(responder.slots["kind"])
    assert kinds == ["datetime", "str"]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("where", ["request", "responder"])
def test_what_cannot_be_handed_over_is_an_error_before_the_action(module, caller, strict, where):
    actions = module("@server.action\ndef never(request, responder):\n    raise SystemExit\n")
    endless = {}
    endless["again"] = endless
    members = endless if where == "responder" else {}
    for value in (threading.Lock(), endless):
        gc.collect()  # what is collected in the depth of an endless value has no room to end in
        request = Request(context={} if members else {"value": value})
        responder = DialogueResponder(frame={"value": value} if members else {})
        result = caller.call(actions.action("never", python={"strict": strict}), request, responder)
        assert isinstance(result.error, EncodingFailed)
        assert result.error.sent is Sent.NO


ERRORS = """
from mm_actions.server import Forbidden, Unprocessable, Unavailable

@server.action
def forbidden(request, responder):
    raise Forbidden("not for you")

@server.action
def unprocessable(request, responder, size: int):
    pass

@server.action
async def unavailable(request, responder):
    raise Unavailable("later", retry_after=60)

@server.action
async def broken(request, responder):
    raise RuntimeError("canary")

@server.action
def ends(request, responder):
    raise SystemExit(3)

@server.action
def garbage(request, responder):
    return 5

@server.action
def unwritable(request, responder):
    responder.frame["lock"] = threading.Lock()

@server.action
def large(request, responder):
    responder.frame["large"] = "x" * 2_000_000

@server.action(timeout=0.05)
async def slow(request, responder):
    await asyncio.sleep(60)
"""


@pytest.fixture(scope="module")
def served_errors(lasting_module):
    from mm_actions.server.serving.loading import load_server

    with load_server(lasting_module(ERRORS).name).in_thread() as running:
        yield running.url + "/action"


@pytest.mark.parametrize(
    ("name", "error", "status"),
    [
        ("forbidden", NotAuthorized, 403),
        ("unprocessable", RequestRefused, 422),
        ("unavailable", ServerUnavailable, 503),
        ("broken", ServerFailed, 500),
        ("ends", ServerFailed, 500),
        ("garbage", ServerFailed, 500),
        ("unwritable", ServerFailed, 500),
        ("large", AnswerTooLarge, None),
        ("slow", ServerUnavailable, 504),
        ("garbige", ActionNotFound, 404),
    ],
)
def test_a_failure_is_the_error_that_it_would_be_behind_http(
    module, served_errors, caller, name, error, status
):
    result = caller.call(module(ERRORS).action(name))
    assert (type(result.error), result.error.status) == (error, status)
    assert result.error.sent is Sent.YES
    assert "canary" not in str(result.error)
    there = caller.call(CustomAction(name, {"url": served_errors, "retries": 0}))
    assert (type(there.error), there.error.status) == (error, status)
    assert str(there.error) == str(result.error)
    if there.error.status is not None:
        assert there.error.problem.type == result.error.problem.type
        assert there.error.problem.detail == result.error.problem.detail
    if name == "garbige":
        assert "The server has 'garbage'" in str(result.error)
    if name == "unavailable":
        assert result.error.retry_after == 60


# A coroutine that makes a blocking call is warned, and yet must not wait for its own event loop.
@pytest.mark.filterwarnings("ignore:invoke\\(\\) blocks the event loop:RuntimeWarning")
def test_an_action_may_call_another_one_in_either_way(module, caller):
    actions = module(
        "from mm_actions import CustomAction, DialogueResponder\n"
        "other = lambda: CustomAction('inner', {'url': 'python:' + __name__, 'timeout': 3})\n"
        "@server.action\ndef inner(request, responder):\n    responder.slots['inner'] = request.text\n"
        "@server.action\nasync def awaits(request, responder):\n"
        "    await other().invoke_async(request, responder)\n"
        "@server.action\nasync def blocks(request, responder):\n    other().invoke(request, responder)\n"
        "@server.action\ndef plain(request, responder):\n    other().invoke(request, responder)\n"
    )
    for name in ("awaits", "blocks", "plain"):
        responder = DialogueResponder()
        assert caller.call(actions.action(name), Request(text="deep"), responder)
        assert responder.slots == {"inner": "deep"}, name


def test_a_circle_of_actions_is_stopped_and_the_callers_own_count_stays(module, caller):
    actions = module(
        "from mm_actions import CustomAction\n"
        "depth = []\n"
        "@server.action\ndef again(request, responder):\n"
        "    depth.append(1)\n"
        "    result = CustomAction('again', {'url': 'python:' + __name__}).invoke(request, responder)\n"
        "    if result.kind == 'loop-detected':\n        responder.slots['stopped'] = len(depth)\n"
    )
    responder = DialogueResponder()
    assert caller.call(actions.action("again"), Request(), responder)
    assert responder.slots == {"stopped": hops.MAX_HOPS}
    for _ in range(2 * hops.MAX_HOPS):
        assert caller.call(module("@server.action\ndef one(request, responder):\n    pass\n").action("one"))


def test_the_trace_of_the_caller_is_named_by_a_failure(module, caller):
    result = caller.call(module(ERRORS).action("broken"))
    assert result.error.problem.instance == f"urn:mm-actions:trace:{result.trace_id}"


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("1 / 0\n", ModuleFailed, "cannot be imported: ZeroDivisionError: division by zero"),
        ("def (:\n", ModuleFailed, "cannot be imported: SyntaxError"),
        ("import no_such_neighbour\n", ModuleFailed, "cannot be imported: ModuleNotFoundError"),
        ("", ConfigurationError, "has no actions: register functions with @server.action"),
        ("del server\n", ConfigurationError, "has no 'server'.*write server = ActionServer()"),
    ],
)
def test_a_module_that_cannot_work_is_found_when_an_action_is_configured(module, body, error, message):
    with pytest.raises(error, match=message) as caught:
        module(body).action("greet")
    assert (caught.value.__cause__ is not None) == (error is ModuleFailed)


def test_a_module_that_is_not_there_is_an_error_that_names_it():
    with pytest.raises(ConfigurationError, match="there is no module 'no_such_actions'"):
        CustomAction("greet", {"url": "python:no_such_actions"})
