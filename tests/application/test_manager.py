"""Handlers, middleware and reprocessing."""

from __future__ import annotations

import asyncio
import functools
import threading

import pytest
from tests.application.conftest import actions_of, texts

from mm_actions import Application, DialogueStateException, Request
from mm_actions.application.manager import REPROCESS_LIMIT, DialogueManager
from mm_actions.errors import HandlerSuspended, RegistrationError, ReprocessLoop


def wrapping(log, name, colour="async"):
    """Middleware that logs when it begins and ends."""

    def plain(request, responder, handler):
        log.append(f"{name} begins")
        result = handler(request, responder)
        log.append(f"{name} ends")
        return result

    async def asynchronous(request, responder, handler):
        log.append(f"{name} begins")
        result = await handler(request, responder)
        log.append(f"{name} ends")
        return result

    return plain if colour == "plain" else asynchronous


def logging_handler(log, colour="plain"):
    def plain(request, responder):
        log.append("handler")
        responder.reply("hi")

    async def asynchronous(request, responder):
        plain(request, responder)

    return plain if colour == "plain" else asynchronous


ORDER = ["one begins", "two begins", "handler", "two ends", "one ends"]


@pytest.mark.parametrize("handler", ["plain", "async"])
def test_the_first_middleware_is_the_outermost(app, take_turn, handler):
    log = []
    app.middleware(wrapping(log, "one"))
    app.middleware()(wrapping(log, "two"))
    app.handle(default=True, name="s")(logging_handler(log, handler))
    assert texts(take_turn(app)) == ["hi"]
    assert log == ORDER


@pytest.mark.parametrize("colours", ["plain plain", "plain async", "async plain"])
@pytest.mark.parametrize("handler", ["plain", "async"])
def test_a_blocking_turn_takes_middleware_of_both_kinds(app, colours, handler):
    log = []
    for name, colour in zip(("one", "two"), colours.split(), strict=True):
        app.add_middleware(wrapping(log, name, colour))
    app.handle(default=True, name="s")(logging_handler(log, handler))
    assert texts(app.process(Request())) == ["hi"]
    assert log == ORDER


@pytest.mark.parametrize("colours", ["plain plain", "async plain"])
def test_an_awaited_turn_takes_plain_middleware_around_plain_handlers(app, colours):
    log = []
    for name, colour in zip(("one", "two"), colours.split(), strict=True):
        app.add_middleware(wrapping(log, name, colour))
    app.handle(default=True, name="s")(logging_handler(log))
    asyncio.run(app.process_async(Request()))
    assert log == ORDER


@pytest.mark.parametrize("inside", ["handler", "middleware", "action"])
def test_an_awaited_turn_refuses_plain_middleware_around_what_must_be_awaited(app, engine, inside):
    log = []
    app.add_middleware(wrapping(log, "one", "plain"))
    if inside == "middleware":
        app.add_middleware(wrapping(log, "two"))
    if inside == "action":
        app.custom_action(default=True, action="a_b")
    else:
        app.handle(default=True, name="s")(logging_handler(log, "async" if inside == "handler" else "plain"))
    with pytest.raises(RegistrationError, match="'plain' is a plain function around async handlers: write"):
        asyncio.run(app.process_async(Request()))
    assert log == []
    assert engine.requests == []


def test_in_async_mode_plain_middleware_is_refused_at_once():
    app = Application(__name__, async_mode=True)
    with pytest.raises(RegistrationError, match="write `async def` and `await handler"):
        app.middleware(functools.partial(wrapping([], "one", "plain")))
    app.middleware(wrapping([], "one"))
    assert len(app.dialogue_manager.middlewares) == 1


def test_a_callable_object_may_be_middleware(app, take_turn):
    class Polite:
        async def __call__(self, request, responder, handler):
            responder.reply("Well,")
            return await handler(request, responder)

    app.add_middleware(Polite())
    app.handle(default=True, name="s")(logging_handler([]))
    assert texts(take_turn(app)) == ["Well,", "hi"]


def test_what_cannot_be_called_is_not_middleware(app):
    with pytest.raises(RegistrationError, match="'polite' is not middleware"):
        app.middleware("polite")


def test_middleware_can_answer_itself(app, take_turn):
    @app.middleware
    async def closed(request, responder, handler):
        responder.reply("We are closed.")

    app.handle(default=True, name="s")(logging_handler([]))
    assert texts(take_turn(app)) == ["We are closed."]


def test_middleware_runs_around_actions_and_turns_without_a_rule(app, take_turn):
    log = []
    app.add_middleware(wrapping(log, "one"))
    app.custom_action(intent="i", action="a")
    assert texts(take_turn(app, Request(intent="i"))) == ["a"]
    assert take_turn(app, Request(intent="none")).directives == []
    assert log == ["one begins", "one ends"] * 2


def test_the_state_is_known_to_the_handler_and_cannot_be_changed_by_it(app, take_turn):
    seen = []

    @app.handle(intent="i")
    def start(request, responder):
        seen.append(responder.dialogue_state)
        responder.dialogue_state = "elsewhere"

    assert take_turn(app, Request(intent="i")).dialogue_state == "start"
    assert seen == ["start"]


@pytest.mark.parametrize(
    ("returned", "state"),
    [({"dialogue_state": "inner"}, "outer.inner"), ({"dialogue_state": None}, "outer"), ({}, "outer")],
)
def test_a_handler_may_return_the_state_below_its_own(app, take_turn, returned, state):
    app.add_dialogue_rule("outer", lambda request, responder: returned)
    assert take_turn(app).dialogue_state == state


def test_reprocess_without_a_target_chooses_anew(app, take_turn):
    turns = []

    @app.handle(targeted_only=True)
    def ask(request, responder):
        responder.reply("Never mind.")
        app.reprocess()

    @app.handle(intent="i")
    def other(request, responder):
        turns.append(request)
        responder.reply("Here you are.")

    responder = take_turn(app, Request(intent="i", params={"target_dialogue_state": "ask"}))
    assert responder.dialogue_state == "other"
    assert texts(responder) == ["Never mind.", "Here you are."]
    assert len(turns) == 1


def test_reprocess_with_a_target_goes_there(app, take_turn):
    @app.handle(intent="i")
    def first(request, responder):
        responder.frame["seen"] = True
        DialogueManager.reprocess("third")

    @app.handle(intent="i", domain="d")
    async def second(request, responder):
        raise DialogueStateException(target_dialogue_state="first")

    @app.handle(targeted_only=True)
    def third(request, responder):
        responder.reply("the third")

    responder = take_turn(app, Request(intent="i", domain="d"))
    assert (responder.dialogue_state, texts(responder)) == ("third", ["the third"])
    assert responder.frame == {"seen": True}


def test_reprocessing_to_a_state_that_is_not_there_ends_the_turn(app, take_turn, caplog):
    app.add_dialogue_rule("first", lambda request, responder: app.reprocess("gone"))
    responder = take_turn(app)
    assert (responder.dialogue_state, responder.directives) == (None, [])
    assert "'gone'" in caplog.text


def test_a_loop_of_reprocessing_is_stopped_with_an_error(app, take_turn):
    calls = []

    @app.handle(default=True)
    def again(request, responder):
        calls.append(1)
        app.reprocess("again")

    with pytest.raises(ReprocessLoop, match="'again' was reached after 10 calls of reprocess"):
        take_turn(app)
    assert len(calls) == REPROCESS_LIMIT + 1


def test_what_a_handler_raises_is_raised(app, take_turn):
    @app.handle(default=True)
    def broken(request, responder):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_turn(app)


def test_a_blocking_turn_says_so_when_a_handler_waits_for_an_event_loop(app):
    @app.handle(default=True)
    async def waits(request, responder):
        await asyncio.sleep(0)

    with pytest.raises(HandlerSuspended, match=r"await app\.process_async"):
        app.process(Request())


def test_threads_may_take_turns_while_rules_are_added(app):
    app.handle(intent="i0", name="s0")(logging_handler([]))
    failures = []
    done = threading.Event()

    def take_turns():
        while not done.is_set():
            responder = app.process(Request(intent="i0"))
            if responder.dialogue_state != "s0" or texts(responder) != ["hi"]:
                failures.append(responder)

    threads = [threading.Thread(target=take_turns) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 200):
        app.handle(intent=f"i{number}", name=f"s{number}")(logging_handler([]))
    done.set()
    for thread in threads:
        thread.join(10)
    assert not failures
    assert app.process(Request(intent="i199")).dialogue_state == "s199"


def test_turns_on_many_threads_do_not_mix(app, engine):
    @app.custom_action(intent="i", action="a")
    def refine(request, responder):
        responder.frame["text"] = request.text

    found = {}

    def take_turns(first):
        for number in range(first, first + 20):
            found[number] = app.process(Request(intent="i", text=str(number))).frame["text"]

    threads = [threading.Thread(target=take_turns, args=(first,)) for first in range(0, 160, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {number: str(number) for number in range(160)}
    assert len(actions_of(engine)) == 160
