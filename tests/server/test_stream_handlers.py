"""How handlers stream, without a socket: what leaves at a flush, and what the whole answer is."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions import DialogueResponder, RegistrationError
from mm_actions.server import ActionError, ActionServer
from mm_actions.testing import ActionTester

if TYPE_CHECKING:
    from collections.abc import Callable


def flushing(request, responder):
    for word in ("one", "two"):
        responder.reply(word)
        responder.flush()
    responder.reply("three")
    responder.frame["words"] = 3


async def flushing_async(request, responder):
    for word in ("one", "two"):
        responder.reply(word)
        await responder.flush()
    responder.reply("three")
    responder.frame["words"] = 3


def yielding(request, responder):
    for word in ("one", "two"):
        responder.reply(word)
        yield
    responder.reply("three")
    return {"frame": {"words": 3}}


async def yielding_async(request, responder):
    for word in ("one", "two"):
        responder.reply(word)
        yield
    responder.reply("three")
    responder.frame["words"] = 3


def handing_out_a_coroutine(request, responder):
    return flushing_async(request, responder)


def handing_out_a_generator(request, responder):
    return yielding(request, responder)


def handing_out_an_async_generator(request, responder):
    return yielding_async(request, responder)


HANDLERS = [
    flushing,
    flushing_async,
    yielding,
    yielding_async,
    handing_out_a_coroutine,
    handing_out_a_generator,
    handing_out_an_async_generator,
]


def said(directives: list[dict[str, Any]]) -> list[str]:
    return [directive["payload"]["text"] for directive in directives]


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("responder", [None, {"directives": [{"name": "reply", "type": "view"}]}])
def test_what_is_added_leaves_at_a_flush_and_all_of_it_is_the_answer(
    server: ActionServer, tester: ActionTester, handler: Any, responder: Any
) -> None:
    server.action("count")(handler)
    streamed, whole = tester.stream("count", None, responder), tester.call("count", None, responder)
    assert [said(directives) for directives in streamed.flushed] == [["one"], ["two"]]
    assert whole.flushed == []
    for tested in (streamed, whole):
        assert (tested.status, tested.texts, tested.frame) == (200, ["one", "two", "three"], {"words": 3})


def test_what_is_yielded_counts_like_what_is_returned(server: ActionServer, tester: ActionTester) -> None:
    @server.action
    def order(request, responder):
        yield {"directives": [{"name": "reply", "type": "view", "payload": {"text": "one"}}]}
        yield {"frame": {"order": 1}}
        other = DialogueResponder()
        other.reply("two")
        yield other

    tested = tester.stream("order")
    assert [said(directives) for directives in tested.flushed] == [["one"], ["two"]]
    assert (tested.texts, tested.frame) == (["one", "two"], {"order": 1})


def test_what_is_yielded_and_no_part_of_an_answer_is_a_mistake_of_the_handler(
    server: ActionServer, tester: ActionTester, caplog: pytest.LogCaptureFixture
) -> None:
    @server.action
    def chat(request, responder):
        yield "hello"

    assert tester.stream("chat").status == 500
    assert "type str" in caplog.text


def test_a_flush_with_nothing_new_sends_nothing(server: ActionServer, tester: ActionTester) -> None:
    @server.action
    async def act(request, responder):
        await responder.flush()
        responder.reply("one")
        await responder.flush()
        await responder.flush()

    assert [said(directives) for directives in tester.stream("act").flushed] == [["one"]]


def rearrange_by_assignment(responder: Any) -> None:
    responder.directives = [*copy.deepcopy(responder.directives)]


def forget(responder: Any) -> None:
    responder.directives = []


def change(responder: Any) -> None:
    responder.directives[-1]["payload"] = {"text": "changed"}


@pytest.mark.parametrize("meddle", [rearrange_by_assignment, forget, change])
def test_what_has_left_can_neither_be_taken_back_nor_changed_and_is_not_sent_twice(
    server: ActionServer, tester: ActionTester, meddle: Callable[[Any], None]
) -> None:
    @server.action
    def act(request, responder):
        responder.reply("one")
        responder.flush()
        meddle(responder)
        responder.reply("two")
        responder.flush()
        responder.reply("three")

    tested = tester.stream("act", None, {"directives": [{"name": "reply", "payload": {"text": "before"}}]})
    assert [said(directives) for directives in tested.flushed] == [["one"], ["two"]]
    assert tested.texts == ["one", "two", "three"]


def test_the_same_object_may_be_added_again(server: ActionServer, tester: ActionTester) -> None:
    @server.action
    def act(request, responder):
        directive = {"name": "reply", "type": "view"}
        for word in ("one", "two"):
            directive["payload"] = {"text": word}
            responder.directives.append(directive)
            responder.flush()

    tested = tester.stream("act")
    assert tested.texts == ["one", "two"]


@pytest.mark.parametrize("value", [object(), float("inf").__class__], ids=["object", "class"])
def test_what_json_cannot_carry_fails_where_it_is_flushed(
    server: ActionServer, tester: ActionTester, caplog: pytest.LogCaptureFixture, value: Any
) -> None:
    reached = []

    @server.action
    def act(request, responder):
        responder.reply("one")
        responder.flush()
        responder.list([value])
        responder.flush()
        reached.append("behind")

    tested = tester.stream("act")
    assert tested.problem is not None
    assert tested.problem.type == "urn:mm-actions:problem:bad-answer"
    assert said(tested.flushed[0]) == ["one"]
    assert reached == []
    assert "/directives/1" in caplog.text


def test_no_more_is_flushed_than_an_answer_may_have(caplog: pytest.LogCaptureFixture) -> None:
    server = ActionServer(max_answer=10_000)

    @server.action
    async def endless(request, responder):
        while True:
            responder.reply("x" * 1000)
            await responder.flush()

    tested = ActionTester(server).stream("endless")
    assert tested.problem is not None
    assert tested.problem.type == "urn:mm-actions:problem:bad-answer"
    assert len(tested.flushed) == 9
    assert "max_answer" in caplog.text


def test_threads_and_tasks_of_a_handler_may_flush(server: ActionServer, tester: ActionTester) -> None:
    @server.action
    async def fan_out(request, responder):
        def work(number: int) -> None:
            responder.reply(str(number))
            responder.flush()

        async def work_async(number: int) -> None:
            responder.reply(str(number))
            await responder.flush()

        await asyncio.gather(
            *(asyncio.to_thread(work, number) for number in range(20)),
            *(work_async(number) for number in range(20, 40)),
        )

    tested = tester.stream("fan_out")
    left = [text for directives in tested.flushed for text in said(directives)]
    assert sorted(map(int, left)) == list(range(40))
    assert tested.texts == left


def test_a_failure_comes_after_what_has_left(server: ActionServer, tester: ActionTester) -> None:
    @server.action
    def fail(request, responder):
        responder.reply("one")
        yield
        raise ActionError(409, detail="No.")

    tested = tester.stream("fail")
    assert [said(directives) for directives in tested.flushed] == [["one"]]
    assert tested.problem is not None
    assert (tested.status, tested.problem.detail) == (409, "No.")


def test_a_copy_of_the_responder_is_a_plain_one(server: ActionServer, tester: ActionTester) -> None:
    kinds: list[type] = []

    @server.action
    def act(request, responder):
        responder.reply("one")
        for again in (copy.copy(responder), copy.deepcopy(responder), pickle.loads(pickle.dumps(responder))):
            kinds.append(type(again))
            assert again.directives == responder.directives

    assert tester.stream("act").status == 200
    assert kinds == [DialogueResponder] * 3


def test_where_nothing_is_streamed_a_flush_does_nothing() -> None:
    responder = DialogueResponder()
    responder.reply("one")
    responder.flush()

    async def main() -> None:
        await responder.flush()

    asyncio.run(main())
    assert len(responder.directives) == 1


def test_what_becomes_of_a_handler_is_one_of_two_words(server: ActionServer) -> None:
    with pytest.raises(RegistrationError, match="cancel, finish"):
        server.action("act", on_disconnect="stop")(flushing)  # type: ignore[call-overload] # the mistake


def test_the_catalogue_says_that_actions_can_be_streamed(server: ActionServer) -> None:
    server.action("act")(flushing)
    assert [entry.streaming for entry in server.catalogue()] == [True]
