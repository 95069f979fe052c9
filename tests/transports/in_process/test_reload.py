"""Edits of a module while its actions are called."""

from __future__ import annotations

import logging
import os
import threading

import pytest

from mm_actions import CustomAction, DialogueResponder, Request
from mm_actions.errors import ActionNotFound

HELLO = """
@server.action
def hello(request, responder):
    responder.slots["said"] = "version 1"
"""
SECOND = HELLO.replace("version 1", "version 2")
RELOAD = {"python": {"reload": True}}


def said(caller, action):
    responder = DialogueResponder()
    result = caller.call(action, Request(), responder)
    assert result, result.error
    return responder.slots["said"]


def test_the_next_call_is_of_the_module_as_it_is_now(module, caller, caplog):
    caplog.set_level(logging.INFO, "mm_actions.server")
    actions = module(HELLO)
    action = actions.action("hello", **RELOAD)
    assert [said(caller, action), said(caller, action)] == ["version 1", "version 1"]
    actions.write(SECOND)  # of the same length
    assert said(caller, action) == "version 2"
    assert f"{actions.name}.py changed: {actions.name} has hello" in caplog.messages


def test_an_edit_within_the_second_of_the_one_before_counts(module, caller):
    actions = module(HELLO)
    action = actions.action("hello", **RELOAD)
    assert said(caller, action) == "version 1"
    file = actions.write(HELLO)
    moment = file.stat().st_mtime_ns
    assert said(caller, action) == "version 1"
    actions.write(SECOND)
    os.utime(file, ns=(moment + 1_000, moment + 1_000))
    assert said(caller, action) == "version 2"


def test_without_reload_an_edit_waits_for_the_next_process(module, caller):
    actions = module(HELLO)
    action = actions.action("hello")
    assert said(caller, action) == "version 1"
    actions.write(SECOND)
    assert said(caller, action) == "version 1"


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("def hello(:\n", "cannot be imported: SyntaxError"),
        (HELLO + "\nnobody_has_defined_this\n", "cannot be imported: NameError"),
        (HELLO + "\n1 / 0\n", "cannot be imported: ZeroDivisionError"),
        (HELLO + "\nraise SystemExit\n", "cannot be imported: SystemExit"),
        (HELLO + HELLO, "action 'hello' has a handler already"),
        ("import neighbour_of_nobody\n", "No module named 'neighbour_of_nobody'"),
        ("", "has no actions"),
    ],
)
def test_a_broken_edit_leaves_the_version_before_and_says_why_once(module, caller, caplog, broken, why):
    actions = module(HELLO)
    action = actions.action("hello", **RELOAD)
    assert said(caller, action) == "version 1"
    caplog.clear()
    actions.write(broken)
    assert [said(caller, action), said(caller, action)] == ["version 1", "version 1"]
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert f"{actions.name}.py changed, but the version before goes on: " in errors[0]
    assert why in errors[0]
    actions.write(SECOND)
    assert said(caller, action) == "version 2"


def test_a_module_that_is_removed_goes_on_until_it_comes_back(module, caller):
    actions = module(HELLO)
    action = actions.action("hello", **RELOAD)
    (actions.folder / f"{actions.name}.py").unlink()
    assert said(caller, action) == "version 1"
    actions.write(SECOND)
    assert said(caller, action) == "version 2"


def test_an_action_that_is_added_comes_and_one_that_is_removed_goes(module, caller):
    actions = module(HELLO)
    hello, goodbye = actions.action("hello", **RELOAD), actions.action("goodbye", **RELOAD)
    assert isinstance(caller.call(goodbye).error, ActionNotFound)
    actions.write(SECOND.replace("hello", "goodbye"))
    assert said(caller, goodbye) == "version 2"
    gone = caller.call(hello)
    assert isinstance(gone.error, ActionNotFound)


def test_a_call_in_progress_ends_on_the_version_that_it_began_on(module, caller):
    actions = module(
        "begun, released = threading.Event(), threading.Event()\n"
        "def word():\n    return 'version 1'\n"
        "@server.action\ndef hello(request, responder):\n"
        "    begun.set()\n    released.wait(30)\n    responder.slots['said'] = word()\n"
    )
    action = actions.action("hello", timeout=20, **RELOAD)
    held, before = __import__(actions.name), []
    thread = threading.Thread(
        target=lambda: before.append((action.invoke(Request(), kept), kept.slots.get("said")))
    )
    kept = DialogueResponder()
    thread.start()
    assert held.begun.wait(10)
    actions.write(SECOND)
    assert said(caller, action) == "version 2"
    held.released.set()
    thread.join(10)
    assert [(bool(result), text) for result, text in before] == [(True, "version 1")]


PRICES = "price = 1\n"
USES = """
from {neighbour} import price

@server.action
def hello(request, responder):
    responder.slots["said"] = price
"""


def test_what_a_module_imports_from_its_folder_is_read_again(module, caller):
    actions = module(HELLO)
    neighbour = f"{actions.name}_prices"
    actions.write(PRICES, head="", name=neighbour)
    actions.write(USES.format(neighbour=neighbour))
    action = actions.action("hello", **RELOAD)
    assert said(caller, action) == 1
    actions.write(PRICES.replace("1", "2"), head="", name=neighbour)
    assert said(caller, action) == 2
    actions.write("price = (\n", head="", name=neighbour)
    assert said(caller, action) == 2
    actions.write(PRICES.replace("1", "3"), head="", name=neighbour)
    assert said(caller, action) == 3


def test_a_neighbour_that_was_broken_when_it_was_first_asked_for_is_read_again(module, caller):
    actions = module(HELLO)
    neighbour = f"{actions.name}_prices"
    action = actions.action("hello", **RELOAD)
    actions.write("price = (\n", head="", name=neighbour)
    actions.write(USES.format(neighbour=neighbour))
    assert said(caller, action) == "version 1"
    actions.write(PRICES, head="", name=neighbour)
    assert said(caller, action) == 1


def test_a_package_is_read_again_with_all_that_is_in_it(module, caller):
    actions = module(HELLO)
    package = f"{actions.name}_package"
    actions.write("from . import drinks\n", name=f"{package}/__init__")
    drinks = HELLO.replace("@server", "@shop.server")
    head = f"import {package} as shop\n"
    actions.write(drinks, head=head, name=f"{package}/drinks")
    action = CustomAction("hello", {"url": f"python:{package}", **RELOAD})
    assert said(caller, action) == "version 1"
    actions.write(drinks.replace("version 1", "version 2"), head=head, name=f"{package}/drinks")
    assert said(caller, action) == "version 2"
    actions.write("1 / 0\n", head=head, name=f"{package}/drinks")
    assert said(caller, action) == "version 2"


def test_answers_that_were_kept_by_key_outlive_an_edit(module, caller):
    actions = module(HELLO)
    action = actions.action("hello", idempotent=True, **RELOAD)
    responder = DialogueResponder()
    assert caller.call(action, Request(request_id="a"), responder)
    actions.write(SECOND)
    again, other = DialogueResponder(), DialogueResponder()
    assert caller.call(action, Request(request_id="a"), again)
    assert caller.call(action, Request(request_id="b"), other)
    assert (again.slots["said"], other.slots["said"]) == ("version 1", "version 2")
