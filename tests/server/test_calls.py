"""How a call is carried out, without HTTP."""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import invocation

from mm_actions.core import hops
from mm_actions.server import ActionError, ActionServer, Unavailable
from mm_actions.testing.action_tester import ActionTester

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "the password is swordfish"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@pytest.fixture(params=["sync", "async"])
def declare(request: pytest.FixtureRequest, server: ActionServer) -> Callable[..., None]:
    """Declare an action whose body is a plain function, in either colour."""

    def make(name: str, body: Callable[..., Any], **options: Any) -> None:
        if request.param == "sync":
            server.action(name, **options)(functools.partial(body))
            return

        async def handler(request, responder):
            await asyncio.sleep(0)
            return body(request, responder)

        server.action(name, **options)(handler)

    return make


def test_a_handler_sees_the_turn_as_it_was_sent(declare: Callable[..., None], tester: ActionTester) -> None:
    seen = {}

    def look(request, responder):
        seen.update(request=request, frame=dict(responder.frame), texts=len(responder.directives))
        seen.update(history=list(request.history), again=responder.history == request.history)

    declare("look", look)
    sent = invocation("look")
    tested = tester.call("look", sent["request"], sent["responder"])
    assert tested.problem is None
    request = seen["request"]
    assert dict(request)["text"] == sent["request"]["text"]
    assert [dict(entity) for entity in request.entities] == sent["request"]["entities"]
    assert request.params.timestamp == 1546300800000
    assert request.params.allowed_intents == tuple(sent["request"]["params"]["allowed_intents"])
    assert seen["history"] == sent["request"]["history"]
    assert seen["again"]
    assert (request.context, request.form) == (sent["request"]["context"], sent["request"]["form"])
    assert seen["frame"] == sent["responder"]["frame"]
    assert seen["texts"] == len(sent["responder"]["directives"])


def raising(error: BaseException) -> Callable[..., None]:
    def act(request, responder):
        raise error

    return act


def recursing(request, responder):
    return recursing(request, responder)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    "act",
    [
        raising(ValueError(SECRET)),
        raising(SystemExit(SECRET)),
        raising(KeyboardInterrupt(SECRET)),
        raising(GeneratorExit(SECRET)),
        raising(MemoryError(SECRET)),
        raising(BaseException(SECRET)),
        raising(asyncio.CancelledError(SECRET)),
        raising(StopIteration(SECRET)),
        raising(Mute()),
        recursing,
    ],
)
def test_a_handler_that_fails_says_where_to_look_and_nothing_else(
    declare: Callable[..., None], tester: ActionTester, act: Any, caplog: pytest.LogCaptureFixture
) -> None:
    declare("act", act)
    declare("well", lambda request, responder: responder.reply("well"))
    with caplog.at_level(logging.ERROR, "mm_actions.server"):
        tested = tester.call("act", {"text": "echo me"}, headers=TRACEPARENT)
    assert tested.status == 500
    assert tested.problem is not None
    assert tested.problem.type == "urn:mm-actions:problem:action-failed"
    assert tested.problem.action == "act"
    assert tested.problem.instance == f"urn:mm-actions:trace:{TRACE}"
    assert b"swordfish" not in tested.body
    assert b"echo me" not in tested.body
    (record,) = caplog.records
    assert TRACE in record.getMessage()
    assert "'act'" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[2] is not None
    assert tester.call("well").texts == ["well"]


def test_a_handler_raises_what_the_caller_may_see(
    declare: Callable[..., None], tester: ActionTester, caplog: pytest.LogCaptureFixture
) -> None:
    error = ActionError(
        418,
        "Teapot",
        "Short and stout.",
        kind="urn:pot",
        errors=[{"pointer": "/request/text", "detail": "tea"}],
        retry_after=1.2,
        do_not_retry=True,
        headers={"X-Pot": "brown"},
    )
    declare("act", raising(error))
    tested = tester.call("act")
    assert tested.status == 418
    assert tested.problem is not None
    assert (tested.problem.type, tested.problem.title) == ("urn:pot", "Teapot")
    assert (tested.problem.detail, tested.problem.action) == ("Short and stout.", "act")
    assert [error.pointer for error in tested.problem.errors or ()] == ["/request/text"]
    assert tested.headers == {"x-pot": "brown", "retry-after": "2", "x-mm-should-retry": "false"}
    assert caplog.records == []


def test_an_action_error_is_one_of_a_failure() -> None:
    with pytest.raises(ValueError, match="not 200"):
        ActionError(200)
    assert (ActionError(599).title, str(ActionError(404))) == ("Failed", "Not Found")
    assert Unavailable().retry_after == 1


def test_a_text_that_is_not_unicode_does_not_break_the_problem(
    declare: Callable[..., None], tester: ActionTester
) -> None:
    declare("act", raising(ActionError(409, "\ud800")))
    assert tester.call("act").status == 409


def test_an_unknown_action_is_not_found(tester: ActionTester) -> None:
    tested = tester.call("fly")
    assert tested.status == 404
    assert tested.problem is not None
    assert tested.problem.type == "urn:mm-actions:problem:unknown-action"
    assert tested.problem.action == "fly"


@pytest.mark.parametrize(
    "given", [None, "nonsense", f"ff-{TRACE}-00f067aa0ba902b7-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", ""]
)
def test_a_call_without_a_valid_trace_gets_one(tester: ActionTester, given: str | None) -> None:
    tested = tester.call("fly", headers={} if given is None else {"traceparent": given})
    assert tested.problem is not None
    assert tested.problem.instance is not None
    trace_id = tested.problem.instance.rpartition(":")[2]
    assert len(trace_id) == 32
    assert trace_id not in {TRACE, "0" * 32}


def test_a_handler_learns_how_deep_the_call_is(declare: Callable[..., None], tester: ActionTester) -> None:
    seen = []
    declare("act", lambda request, responder: seen.append(hops.next_hop()))
    tester.call("act", headers={"X-MM-Hops": "3"})
    tester.call("act")
    assert seen == [4, 1]


def test_a_plain_function_that_hands_out_a_coroutine_is_awaited(
    server: ActionServer, tester: ActionTester
) -> None:
    async def inner(request, responder):
        await asyncio.sleep(0)
        responder.reply("inner")

    def outer(request, responder):
        return inner(request, responder)

    server.action(outer)
    assert tester.call("outer").texts == ["inner"]


def test_the_history_is_refused_where_it_is_no_list_of_turns(
    declare: Callable[..., None], tester: ActionTester
) -> None:
    declare("act", lambda request, responder: responder.frame.update(turns=len(request.history)))
    assert asyncio.run(tester.send(b'{"action": "act", "request": {"history": [{}, {}]}}')).frame == {
        "turns": 2
    }
    for history in (b"[5]", b'"x"', b"{}", b"[[]]"):
        body = b'{"action": "act", "request": {"history": ' + history + b"}}"
        assert asyncio.run(tester.send(body)).status == 400
    for nothing in (b"null", b"[]"):
        body = b'{"action": "act", "request": {"history": ' + nothing + b"}}"
        assert asyncio.run(tester.send(body)).frame == {"turns": 0}


def test_a_history_that_cannot_be_read_is_the_callers_fault(
    declare: Callable[..., None], tester: ActionTester
) -> None:
    declare("act", lambda request, responder: list(request.history))
    body = b'{"action": "act", "request": {"history": [{"n": 1e400}]}}'
    assert asyncio.run(tester.send(body)).status == 400
