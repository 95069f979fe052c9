"""`make run`: the demonstration from its first line to the last process it started."""

from __future__ import annotations

import os
import signal
import socket

import pytest
from tests.examples.demonstration import PATIENCE, at_the_terminal, left_behind, servers_in, started

pytestmark = pytest.mark.timeout(120)

ENDING = "See you soon!"


def assert_gone(servers: dict[str, tuple[int, int]]) -> None:
    assert set(servers) == {"store", "payments"}
    for port, pid in servers.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


def test_it_plays_the_conversation_and_leaves_no_process_behind():
    with started() as process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    replies = [line.removeprefix("  bot  ") for line in output.splitlines() if line.startswith("  bot  ")]
    assert replies[0] == "Hello Bo, welcome to the coffee shop."
    for reply in (
        "Which store?",
        "How about a latte?",
        "Your next drink can be free: 120 points are enough.",
        "I added 2 large lattes. Your order has 2 items.",
        "Let us finish your order first. Name a drink, or say yes or cancel.",
        "That makes $13.75.",
        "The card terminal is not working. Please pay at the counter, or try again in 30 seconds.",
        "I can't add a tip to a card payment, Bo. There is a jar on the counter.",
        "Goodbye, Bo. See you soon!",
    ):
        assert reply in replies
    assert_gone(servers_in(output))
    assert left_behind(process.pid) == []


def test_each_turn_shows_what_was_understood_and_what_was_called():
    with started() as process:
        output, _ = process.communicate(timeout=PATIENCE)
    port = servers_in(output)["payments"][0]
    (turn,) = [part for part in output.split("\n\n") if "can I pay now" in part]
    heading, said, understood, called, *_ = (line.strip() for line in turn.splitlines())
    assert heading == "12. a failure, answered by a handler that knows why"
    assert said == "you  can I pay now"
    assert understood.startswith("payments.pay_order (domain 1.00, intent 1.00) -> state ")
    assert called.startswith(
        f"charge_card -> payments http://127.0.0.1:{port}/action: HTTP 503, server-unavailable, "
    )
    assert called.endswith(" ms")


def test_at_a_terminal_the_talk_goes_on_until_the_end_of_input():
    with at_the_terminal() as demo:
        servers = servers_in(demo.wait_for("you> "))
        demo.type("where is the nearest store\n")
        assert "The nearest store is " in demo.wait_for("you> ")
        demo.type("\x04")
        assert demo.end() == (0, "")
    assert_gone(servers)
    assert left_behind(demo.process.pid) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_and_the_servers_too(number, code):
    with at_the_terminal() as demo:
        servers = servers_in(demo.wait_for("you> "))
        demo.process.send_signal(number)
        assert demo.end()[0] == code
    assert_gone(servers)
    assert left_behind(demo.process.pid) == []


def test_a_server_that_was_killed_is_noticed_and_named():
    with at_the_terminal() as demo:
        servers = servers_in(demo.wait_for("you> "))
        os.kill(servers["store"][1], signal.SIGKILL)
        demo.type("show every store\n")
        assert "Sorry, I can't do that right now." in demo.wait_for("you> ")
        demo.type("\x04")
        code, errors = demo.end()
    assert code == 1
    assert f"demo: the store server (pid {servers['store'][1]}) ended by itself, exit code -9" in errors
    assert_gone(servers)
    assert left_behind(demo.process.pid) == []


def test_a_server_that_dies_during_the_conversation_ends_it_with_a_message():
    with started() as process:
        first = process.stdout.readline()
        os.kill(servers_in(first)["store"][1], signal.SIGKILL)
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert errors.startswith("demo: ")
    assert "Traceback" not in errors
    assert_gone(servers_in(first + output))
    assert left_behind(process.pid) == []


def test_a_port_that_is_taken_is_an_error_that_says_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with started("--ports", str(taken.getsockname()[1]), "0") as process:
            output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (1, "")
    assert "example_server cannot start: " in errors
    assert "demo: the store server did not start: exit code 1, see above" in errors
    assert "Traceback" not in errors
    assert left_behind(process.pid) == []


def test_a_server_that_does_not_listen_in_time_is_an_error_that_says_so():
    with started("--patience", "0.001") as process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (1, "")
    assert "did not listen in time" in errors
    assert "Traceback" not in errors
    assert left_behind(process.pid) == []


def test_a_reader_who_leaves_early_leaves_no_process_behind():
    with started() as process:
        first = process.stdout.readline()
        process.stdout.close()
        process.wait(PATIENCE)
    assert process.returncode != 0
    assert servers_in(first)
    assert left_behind(process.pid) == []
