"""The process: how it starts, what it says, how it stops, what it needs."""

from __future__ import annotations

import ast
import signal
import socket
import subprocess
import sys
import threading

import pytest
from tests.example_server.running import ROOT, run_server


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "example_server", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(number: signal.Signals) -> None:
    with run_server() as running:
        assert running.port > 0
        assert running.post({"action": "a"}).status == 200
        running.process.send_signal(number)
        assert running.process.wait(15) == 0
        assert running.process.stdout
        assert running.process.stdout.read() == ""
    assert running.errors == []


def test_a_slow_action_is_answered_early_when_the_server_stops() -> None:
    with run_server() as running:
        connection = running.connect()
        connection.request(
            "POST",
            "/action",
            b'{"action": "slow", "request": {"context": {"delay_ms": 30000}}}',
            {"Content-Type": "application/json"},
        )
        # A second answer shows that the server has read the first request, which came before it.
        assert running.post({"action": "a"}).status == 200
        running.process.send_signal(signal.SIGTERM)
        assert connection.getresponse().status == 200
        connection.close()
        assert running.process.wait(15) == 0


def test_it_says_in_one_line_that_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = _run("--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("example_server cannot start: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--tls-cert", "missing.pem"], 2),
        (["--client-ca", "missing.pem"], 2),
        (["--tls-cert", "missing.pem", "--tls-key", "missing.key"], 1),
        (["--port", "many"], 2),
    ],
)
def test_settings_that_cannot_work_are_told_without_a_traceback(arguments: list[str], code: int) -> None:
    done = _run("--port", "0", *arguments)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_it_listens_on_ipv6_as_well() -> None:
    with run_server("--host", "::1") as running:
        assert running.url.startswith("http://[::1]:")
        with socket.create_connection(("::1", running.port), timeout=10) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_two_servers_run_side_by_side() -> None:
    with run_server() as one, run_server() as other:
        assert one.port != other.port
        ready = threading.Barrier(2)

        def ask(url_owner: int) -> int:
            ready.wait(10)
            return (one if url_owner else other).post({"action": "open_session"}).status

        results: list[int] = []
        threads = [
            threading.Thread(target=lambda owner=owner: results.append(ask(owner))) for owner in (0, 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert results == [200, 200]


def test_it_knows_nothing_of_the_package_it_serves() -> None:
    for path in (ROOT / "example_server").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [name for name in names if name.partition(".")[0] == "mm_actions"], path


def test_help_names_every_setting() -> None:
    done = _run("--help")
    assert done.returncode == 0
    for option in (
        "--host",
        "--port",
        "--tls-cert",
        "--tls-key",
        "--client-ca",
        "--auth-token",
        "--hmac-secret",
    ):
        assert option in done.stdout
