"""`make run`: the demonstration from its first line to the last process it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.example_server.running import ROOT
from tests.examples.demonstration import ENVIRONMENT, PATIENCE, at_the_terminal, kill, left_behind, started

if TYPE_CHECKING:
    from tests.examples.demonstration import Demonstration

pytestmark = pytest.mark.timeout(120)

REPLIES = (
    "Hello Bo, welcome to the coffee shop.",
    "Which store?",
    "How about a latte?",
    "Your next drink can be free: 120 points are enough.",
    "I added 2 large lattes. Your order has 2 items.",
    "Let us finish your order first. Name a drink, or say yes or cancel.",
    "That makes $13.75.",
    "The card terminal is not working. Please pay at the counter, or try again in 30 seconds.",
    "I can't add a tip to a card payment, Bo. There is a jar on the counter.",
    "Goodbye, Bo. See you soon!",
)


def assert_nothing_left(demo: Demonstration) -> None:
    assert set(demo.servers()) == {"store", "payments"}
    for _port, pid in demo.servers().values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert left_behind(demo.process.pid) == []


def test_it_plays_the_conversation_and_leaves_no_process_behind():
    with started() as demo:
        assert demo.end() == 0
    assert demo.errors == ""
    replies = [line[7:] for line in demo.output.splitlines() if line.startswith("  bot  ")]
    assert [reply for reply in REPLIES if reply not in replies] == []
    assert (replies[0], replies[-1]) == (REPLIES[0], REPLIES[-1])
    assert_nothing_left(demo)


def test_each_turn_shows_what_was_understood_and_what_was_called():
    with started() as demo:
        demo.end()
    port = demo.servers()["payments"][0]
    (turn,) = [part for part in demo.output.split("\n\n") if "can I pay now" in part]
    heading, said, understood, called, *_ = (line.strip() for line in turn.splitlines())
    assert heading == "12. a failure, answered by a handler that knows why"
    assert said == "you  can I pay now"
    assert understood.startswith("payments.pay_order (domain 1.00, intent 1.00) -> state ")
    assert called.startswith(
        f"charge_card -> payments http://127.0.0.1:{port}/action: HTTP 503, server-unavailable, "
    )
    assert called.endswith(" ms")


def test_at_a_terminal_the_talk_goes_on_until_the_end_of_input():
    with at_the_terminal() as (demo, type_in):
        demo.wait_for("you> ")
        type_in("where is the nearest store\n")
        assert "The nearest store is " in demo.wait_for("you> ")
        type_in("\x04")
        assert demo.end() == 0
    assert demo.errors == ""
    assert_nothing_left(demo)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_and_the_servers_too(number, code):
    with at_the_terminal() as (demo, _):
        demo.wait_for("you> ")
        demo.signal(number)
        assert demo.end() == code
    assert_nothing_left(demo)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_while_the_servers_start_ends_them(number):
    with started() as demo:
        demo.wait_for("Starting two sample servers ...\n")
        demo.process.send_signal(number)
        assert demo.end() == 128 + number
    assert demo.servers() == {}
    assert left_behind(demo.process.pid) == []


def test_two_signals_at_once_do_not_interrupt_the_stopping_of_the_servers():
    with at_the_terminal() as (demo, _):
        demo.wait_for("you> ")
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCONT):
            demo.process.send_signal(number)
        demo.signal(signal.SIGTERM)
        assert demo.end() == 129
    assert_nothing_left(demo)


INTERRUPTED = """
import os, signal, sys
from examples.coffee_shop.demo.signals import Signalled, heed_signals

def interrupt(frame, event, _argument):
    if event == "call" and frame.f_back.f_code.co_name == "_end":
        os.kill(os.getpid(), signal.SIGINT)

heed_signals()
sys.setprofile(interrupt)
try:
    os.kill(os.getpid(), signal.SIGHUP)
    signal.pause()
except Signalled as signalled:
    sys.setprofile(None)
    print(signalled)
"""


def test_a_signal_that_comes_while_the_first_takes_effect_does_not_take_its_place():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("SIGHUP\n", "", 0)


def test_signals_that_come_until_the_very_end_do_not_change_the_exit_code():
    with at_the_terminal() as (demo, _):
        demo.wait_for("you> ")
        demo.process.send_signal(signal.SIGINT)
        while demo.process.poll() is None:
            demo.process.send_signal(signal.SIGTERM)
        assert demo.end() in {130, 143}
    assert_nothing_left(demo)


def test_a_server_that_was_killed_is_noticed_and_named():
    with at_the_terminal() as (demo, type_in):
        demo.wait_for("you> ")
        pid = demo.servers()["store"][1]
        kill(pid)
        type_in("show every store\n")
        assert "Sorry, I can't do that right now." in demo.wait_for("you> ")
        type_in("\x04")
        assert demo.end() == 1
    assert f"demo: the store server (pid {pid}) ended by itself, exit code -9" in demo.errors
    assert_nothing_left(demo)


def test_a_server_that_dies_during_the_conversation_ends_it_with_a_message():
    with started() as demo:
        demo.wait_for(")\n")
        kill(demo.servers()["store"][1])
        assert demo.end() == 1
    assert demo.errors.startswith("demo: ")
    assert "store" in demo.errors
    assert_nothing_left(demo)


def test_a_port_that_is_taken_is_an_error_that_says_so():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        started("--ports", str(taken.getsockname()[1]), "0") as demo,
    ):
        assert demo.end() == 1
    assert demo.servers() == {}
    assert "example_server cannot start: " in demo.errors
    assert "demo: the store server did not start: exit code 1, see above" in demo.errors
    assert left_behind(demo.process.pid) == []


def test_a_server_that_does_not_listen_in_time_is_an_error_that_says_so():
    with started("--patience", "0.001") as demo:
        assert demo.end() == 1
    assert demo.servers() == {}
    assert "did not listen in time" in demo.errors
    assert left_behind(demo.process.pid) == []


def test_a_reader_who_leaves_early_leaves_no_process_behind():
    with started() as demo:
        demo.wait_for("payments: ")
        demo.process.stdout.close()
        assert demo.process.wait(PATIENCE) != 0
    assert left_behind(demo.process.pid) == []
