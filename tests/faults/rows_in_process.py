"""Rows H: actions that run in the process of their caller."""

import asyncio
import json
import sys
import threading
from types import ModuleType

import pytest

from faults.bench import CANARY, Bench
from faults.table import row
from mm_actions import CustomAction, CustomActionSequence, DialogueResponder, Request
from mm_actions.errors import (
    ActionNotFound,
    AnswerTooLarge,
    ConfigurationError,
    DeadlineExceeded,
    EncodingFailed,
    NotAuthorized,
    RequestRefused,
    Sent,
    ServerFailed,
    ServerUnavailable,
)

GREET = "@server.action\ndef greet(request, responder):\n"
DEEP = "deep = []\nfor _ in range(10_000):\n    deep = [deep]\n\n"
GREET_ASYNC = "@server.action\nasync def greet(request, responder):\n"


def code_of(action: CustomAction) -> ModuleType:
    return sys.modules[action.url.removeprefix("python:")]


@row(
    "H1",
    "the action raises, be it an exception that ends programs",
    "`server-failed`; nothing of its text is in the error, and the program goes on",
    in_process=True,
)
def raises(bench: Bench) -> None:
    for raised in (
        f"ValueError({CANARY!r})",
        f"SystemExit({CANARY!r})",
        "KeyboardInterrupt",
        "GeneratorExit",
        "RecursionError",
        "MemoryError",
    ):
        for greet in (GREET, GREET_ASYNC):
            bench.fails(bench.module(f"{greet}    raise {raised}\n"), ServerFailed, sent=Sent.YES)


@row(
    "H1a",
    "the action raises one of the errors that say a status",
    "the error that the status would be behind HTTP",
    in_process=True,
)
def refuses(bench: Bench) -> None:
    for raised, kind in (
        ("Forbidden()", NotAuthorized),
        ("Unprocessable()", RequestRefused),
        ("Unavailable(retry_after=60)", ServerUnavailable),
    ):
        bench.fails(bench.module(f"{GREET}    raise errors.{raised}\n"), kind, sent=Sent.YES)


@row(
    "H2",
    "the action leaves what no answer can hold: a wrong type, a lock, 10,000 levels, a circle",
    "`server-failed`; the log names action and member; nothing is merged",
    in_process=True,
)
def garbage(bench: Bench) -> None:
    for line in (
        "return 5",
        "return {'frame': []}",
        "return {'directives': {}}",
        "return {'unheard_of': 1}",
        "responder.frame = ['a']",
        "responder.directives.append('text')",
        "responder.directives.append({'name': 5})",
        "responder.slots['lock'] = threading.Lock()",
        "responder.params.language = 5",
        "responder.frame['deep'] = deep",
        "responder.frame['circle'] = responder.frame",
    ):
        bench.fails(bench.module(f"{DEEP}{GREET}    {line}\n"), ServerFailed, sent=Sent.YES)


@row("H2a", "the action answers 2 MB", "`answer-too-large`; nothing is merged", in_process=True)
def too_large(bench: Bench) -> None:
    action = bench.module(f"{GREET}    responder.frame['large'] = 'x' * 2_000_000\n")
    bench.fails(action, AnswerTooLarge, sent=Sent.YES)


@row("H2b", "the action answers NaN or Infinity", "merged as null, as it would travel", in_process=True)
def not_a_number(bench: Bench) -> None:
    action = bench.module(
        f"{GREET}    responder.frame.update(answered=True, n=[float('nan'), float('inf')])\n"
    )
    assert bench.succeeds(action).responder.frame["n"] == [None, None]


@row(
    "H3",
    "the action, a plain function, never ends",
    "`deadline-exceeded`; its thread is counted and bounded, other actions run on",
    in_process=True,
)
def never_ends(bench: Bench) -> None:
    action = bench.module(
        "released = threading.Event()\n"
        f"{GREET}    if not released.is_set(): released.wait(30)\n    responder.frame['answered'] = True\n"
    )
    action = CustomAction("greet", {"url": action.url, "timeout": 0.2})
    bench.fails(action, DeadlineExceeded, sent=Sent.YES, within=0.2)
    assert action._endpoint.transport._host.counts().threads_abandoned == 1
    code_of(action).released.set()
    bench.succeeds(action)


@row(
    "H3a",
    "the action, a coroutine, never ends, and may not mind its cancellation",
    "`deadline-exceeded`; it is cancelled",
    in_process=True,
)
def never_ends_async(bench: Bench) -> None:
    body = (
        "cancelled, released = threading.Event(), threading.Event()\n"
        f"{GREET_ASYNC}"
        "    while not released.is_set():\n"
        "        try:\n            await asyncio.sleep(0.02)\n"
        "        except asyncio.CancelledError:\n            cancelled.set()\n            {then}\n"
    )
    for then in ("raise", "pass"):
        action = CustomAction("greet", {"url": bench.module(body.format(then=then)).url, "timeout": 0.2})
        bench.fails(action, DeadlineExceeded, sent=Sent.YES, within=0.2)
        assert code_of(action).cancelled.is_set()
        code_of(action).released.set()


@row(
    "H3b",
    "the action, a coroutine, blocks its event loop",
    "a blocking caller: `deadline-exceeded`, which says so; an asynchronous caller's own loop is blocked, "
    "as by whatever it awaits",
    in_process=True,
)
def blocks(bench: Bench) -> None:
    if not bench.sync:
        return
    action = bench.module(f"released = threading.Event()\n{GREET_ASYNC}    released.wait(30)\n")
    action = CustomAction("greet", {"url": action.url, "timeout": 0.2})
    outcome = bench.fails(action, DeadlineExceeded, sent=Sent.YES, within=0.2)
    code_of(action).released.set()
    assert "event loop of its module is blocked" in outcome.error.cause


@row(
    "H4",
    "the module cannot be imported, or has no actions",
    "`ConfigurationError` when an action is configured, with its cause",
    in_process=True,
)
def not_importable(bench: Bench) -> None:
    for body in ("1 / 0", "def (:", "import no_such_neighbour", "raise SystemExit", ""):
        with pytest.raises(ConfigurationError):
            bench.module(body)


@row(
    "H4a",
    "with `reload`, an edit cannot be imported",
    "the version before goes on, and the log says why, once",
    in_process=True,
)
def broken_edit(bench: Bench) -> None:
    first = bench.module(f"{GREET}    responder.frame['answered'] = True\n")
    action = CustomAction("greet", {"url": first.url, "python": {"reload": True}})
    file = bench.directory / f"{first.url.removeprefix('python:')}.py"
    sound = file.read_text(encoding="utf-8")
    for broken in ("def (:", "nobody_has_defined_this", "1 / 0", "raise SystemExit"):
        file.write_text(f"{sound}\n{broken}\n", encoding="utf-8")
        bench.succeeds(action)
    file.write_text(sound.replace("True", "'soon'"), encoding="utf-8")
    assert bench.invoke(action).responder.frame["answered"] == "soon"


@row(
    "H5",
    "the action changes what it was given, keeps it, and fails",
    "what the caller holds is what it was",
    in_process=True,
)
def changes_its_copy(bench: Bench) -> None:
    action = bench.module(
        "kept = []\n"
        f"{GREET}    kept.append(responder)\n"
        "    request.entities[0]['value'].append(1)\n    request.frame['a']['b'] = 1\n"
        "    responder.frame['secret'] = 1\n    responder.directives[0]['payload'].clear()\n"
        "    responder.directives.clear()\n    responder.slots.clear()\n    raise ValueError\n"
    )
    request = Request(entities=[{"value": []}], frame={"a": {}})
    before = json.dumps(dict(request), default=dict)
    outcome = bench.invoke(action, request)
    bench.check_failure(outcome, action)
    code_of(action).kept[0].frame["late"] = 1
    assert dict(outcome.responder) == outcome.before
    assert json.dumps(dict(request), default=dict) == before


@row(
    "H6",
    "the turn holds what can neither be shared nor copied nor written",
    "`encoding-failed`, not sent",
    in_process=True,
)
def not_to_be_handed_over(bench: Bench) -> None:
    action = bench.module(f"{GREET}    raise SystemExit\n")
    outcome = bench.invoke(action, Request(context={"lock": threading.Lock()}))
    assert isinstance(outcome.error, EncodingFailed)
    assert outcome.error.sent is Sent.NO
    bench.check_failure(outcome, action)


@row(
    "H7",
    "there is no such action",
    "`action-not-found`, which names those with names like it",
    in_process=True,
)
def no_such_action(bench: Bench) -> None:
    action = bench.module("@server.action\ndef great(request, responder):\n    pass\n")
    assert "The server has 'great'" in str(bench.fails(action, ActionNotFound, sent=Sent.YES).error)


@row(
    "H8",
    "all threads are held, and so is the queue before them",
    "`server-unavailable` with the time to wait; nothing was begun",
    in_process=True,
)
def no_thread(bench: Bench) -> None:
    action = bench.module(
        "server.configure(threads=1, thread_queue=0, retry_after=60)\n"
        "begun, released, ran = threading.Event(), threading.Event(), []\n"
        f"{GREET}    ran.append(1)\n    begun.set()\n    released.wait(30)\n"
    )
    holding = threading.Thread(target=lambda: action.invoke(Request(), DialogueResponder()))
    holding.start()
    assert code_of(action).begun.wait(10)
    outcome = bench.fails(action, ServerUnavailable, sent=Sent.YES)
    code_of(action).released.set()
    holding.join(10)
    assert outcome.error.retry_after == 60
    assert code_of(action).ran == [1]


@row(
    "H9",
    "the caller goes away at any point",
    "a coroutine is cancelled; no task or permit is left",
    in_process=True,
)
def goes_away(bench: Bench) -> None:
    if bench.sync:
        return  # a blocking call cannot be cancelled; its deadline ends it
    action = bench.module(f"{GREET_ASYNC}    await asyncio.sleep(30)\n")

    async def leave(steps: int) -> None:
        task = asyncio.create_task(action.invoke_async(Request(), DialogueResponder()))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    for steps in range(20):
        bench.runner.run(leave(steps))
    assert asyncio.all_tasks(bench.runner.get_loop()) == set()
    assert action._endpoint.guard.bulkhead.in_flight == 0
    assert action._endpoint.transport._host.active == 0


@row(
    "H10",
    "the second of three steps fails",
    "the first stays merged, the third is not begun",
    in_process=True,
)
def second_step(bench: Bench) -> None:
    action = bench.module(
        "@server.action\ndef first(request, responder):\n    responder.frame['first'] = 1\n"
        f"{GREET}    raise ValueError\n"
        "@server.action\ndef third(request, responder):\n    responder.frame['third'] = 1\n"
    )
    outcome = bench.invoke(CustomActionSequence(["first", "greet", "third"], {"url": action.url}))
    assert [bool(step) for step in outcome.result.steps] == [True, False]
    assert outcome.responder.frame == {"secret": CANARY, "kept": 1, "first": 1}
