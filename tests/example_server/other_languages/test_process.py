"""The process: how it starts, what it says, how it stops."""

from __future__ import annotations

import signal
import socket
import subprocess

import pytest
from tests.example_server.other_languages.hosting import Built, assert_problem
from tests.example_server.running import JSON, exchange_over

from mm_actions.testing import CertificateAuthority


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(built: Built, number: signal.Signals) -> None:
    with built.start() as running:
        connection = running.connect()
        assert exchange_over(connection, "POST", "/action", b'{"action": "a"}', JSON).status == 200
        running.process.send_signal(number)
        assert running.process.wait(15) == 0
        connection.close()
    assert running.errors == []


def test_a_server_that_stops_is_not_ready_and_answers_what_it_has_begun(built: Built) -> None:
    slow = b'{"action": "slow", "request": {"context": {"delay_ms": 2000}}}'
    with built.start() as running:
        connection = running.connect()
        connection.request("POST", "/action", slow, JSON)
        # A second answer shows that the server has read the first request, which came before it.
        assert running.post({"action": "a"}).status == 200
        running.process.send_signal(signal.SIGTERM)
        while (answer := running.exchange("GET", "/readyz")).status == 200:
            pass
        assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert running.exchange("GET", "/healthz").status == 200
        assert_problem(running.post({"action": "a"}), 503)
        assert connection.getresponse().status == 200
        connection.close()
        assert running.process.wait(15) == 0
    assert running.errors == []


def test_an_action_that_takes_longer_than_the_grace_is_ended(built: Built) -> None:
    with built.start("--grace", "0") as running:
        connection = running.connect()
        body = b'{"action": "slow", "request": {"context": {"delay_ms": 30000}}}'
        connection.request("POST", "/action", body, JSON)
        assert running.post({"action": "a"}).status == 200
        running.process.send_signal(signal.SIGTERM)
        assert connection.getresponse().status == 503
        connection.close()
        assert running.process.wait(15) == 0


def _fails(built: Built, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*map(str, built.command), *options],
        capture_output=True,
        text=True,
        timeout=30,
        env=env,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout == ""
    return done


def test_it_says_in_one_line_that_the_port_is_taken(built: Built) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for done in (_fails(built, "--port", port), _fails(built, ACTION_SERVER_PORT=port)):
            assert done.stderr.startswith("the server cannot go on: ")
            assert done.stderr.count("\n") == 1


def test_settings_that_cannot_work_are_told_without_a_trace(
    built: Built, authority: CertificateAuthority
) -> None:
    own = authority.mismatched()
    key_only = ("--tls-key", str(own.private_key))
    mismatched = ("--tls-cert", str(own.certificate), *key_only)
    for options in (
        ("--tls-cert", "missing.pem"),
        ("--client-ca", "missing.pem"),
        ("--tls-cert", "missing.pem", *key_only),
        mismatched,
        ("--port", "many"),
        ("--nonsense",),
    ):
        done = _fails(built, "--port", "0", *options)
        for trace in ("goroutine", "    at ", "panic"):
            assert trace not in done.stderr


def test_it_listens_on_ipv6_as_well(built: Built) -> None:
    with built.start("--host", "::1") as running:
        assert running.url.startswith("http://[::1]:")
        with socket.create_connection(("::1", running.port), timeout=10) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
