"""A server in a process of its own: its port, its signals, its end."""

from __future__ import annotations

import contextlib
import errno
import json
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import JSON, PATIENCE, Served, assert_problem, read

from mm_actions import ConfigurationError, CustomAction, DialogueResponder, Request, ServerSettings
from mm_actions.server import ActionServer
from mm_actions.server.serving.listening import accepted, listen, turn_away
from mm_actions.server.serving.running import UvicornServer, config_of
from mm_actions.testing import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM = """
import sys
from mm_actions.server import ActionServer

# Another process may hold the processor for longer than the alarm of the loop.
server = ActionServer(drain=float(sys.argv[1]), grace=10, loop_alarm=5)

@server.action
def wait(request, responder):
    print("started", flush=True)
    sys.stdin.readline()
    responder.reply("done")

@server.action
async def hello(request, responder):
    responder.reply("Hello.")

server.run(port=0, listening=lambda url: print(url, flush=True))
print("ended", flush=True)
"""


class Process(Served):
    def __init__(self, drain: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(drain)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        super().__init__(self.line())

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def start() -> Iterator[Callable[[float], Process]]:
    started: list[Process] = []

    def make(drain: float) -> Process:
        started.append(Process(drain))
        return started[-1]

    yield make
    for process in started:
        with process.process as running:
            running.kill()


def until_refused(served: Served) -> None:
    while True:
        try:
            served.raw().close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_withdraws_readiness_and_calls_in_progress_are_answered(
    start: Callable[[float], Process], number: signal.Signals
) -> None:
    process = start(30)
    answers: list[Any] = []
    call = threading.Thread(target=lambda: answers.append(process.post({"action": "wait"})))
    call.start()
    assert process.line() == "started"
    process.process.send_signal(number)
    answer = process.get("/readyz")
    while answer.status == 200:  # the signal may take one turn of the event loop
        answer = process.get("/readyz")
    assert_problem(answer, 503)
    assert answer.headers["connection"] == "close"
    assert process.get("/healthz").status == 200
    assert process.post({"action": "hello"}).status == 200
    process.process.send_signal(number)  # a second one does not wait for the time to drain
    until_refused(process)
    assert answers == []
    assert process.process.stdin is not None
    process.process.stdin.write("go on\n")
    process.process.stdin.flush()
    call.join(PATIENCE)
    assert [answer.json["directives"][0]["payload"]["text"] for answer in answers] == ["done"]
    assert process.line() == "ended"
    assert process.process.wait(PATIENCE) == 0
    assert process.process.stderr is not None
    assert process.process.stderr.read() == ""


def test_under_load_no_call_fails_when_the_server_is_told_to_stop(start: Callable[[float], Process]) -> None:
    process = start(0.3)
    failures: list[object] = []
    warm = threading.Barrier(5)

    def call_until_refused() -> None:
        connection = process.connect()
        answered = 0
        try:
            while True:
                try:
                    connection.connect()
                except ConnectionRefusedError:
                    return  # nothing was sent
                while connection.sock is not None:
                    connection.request("POST", "/action", b'{"action": "hello"}', JSON)
                    answer = read(connection)
                    answered += 1
                    if answer.status != 200:
                        failures.append(answer)
                    if answered == 20:
                        warm.wait(PATIENCE)
        except OSError as error:
            failures.append(error)
        finally:
            connection.close()

    clients = [threading.Thread(target=call_until_refused) for _ in range(4)]
    for client in clients:
        client.start()
    warm.wait(PATIENCE)
    process.process.send_signal(signal.SIGTERM)
    assert process.process.wait(PATIENCE) == 0
    for client in clients:
        client.join(PATIENCE)
    assert failures == []


@contextlib.contextmanager
def stopping(server: ActionServer, linger: float) -> Iterator[tuple[Served, UvicornServer, threading.Thread]]:
    """Serve on a thread, with so much patience for those who have come when it is told to stop."""
    urls: queue.Queue[str] = queue.Queue()
    with listen("127.0.0.1", 0) as listener:
        running = UvicornServer(server, config_of(server), urls.put, linger=linger)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Served(urls.get(timeout=PATIENCE)), running, thread
        finally:
            running.stop(3)
            thread.join(PATIENCE)
            assert not thread.is_alive()


CALL = b"POST /action HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n"
HELLO = b'{"action": "hello"}'


def test_who_came_before_the_port_was_closed_may_take_a_moment_to_send_a_request() -> None:
    with stopping(slow(), linger=PATIENCE) as (served, running, thread):
        with served.raw() as fresh, served.raw() as kept, served.raw() as half:
            kept.sendall(CALL + HELLO)
            assert kept.recv(65536).startswith(b"HTTP/1.1 200 ")
            half.sendall(CALL)
            running.stop(2)
            until_refused(served)
            for sock, rest in ((fresh, CALL + HELLO), (kept, CALL + HELLO), (half, HELLO)):
                sock.sendall(rest)
                answer = until_closed(sock)
                assert answer.startswith(b"HTTP/1.1 200 ")
                assert b"connection: close\r\n" in answer
        thread.join(PATIENCE / 2)  # nobody is left who may send anything
        assert not thread.is_alive()


def test_who_came_and_says_nothing_is_not_waited_for_long() -> None:
    with stopping(slow(), linger=0.1) as (served, running, thread), served.raw() as silent:
        running.stop(2)
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert until_closed(silent) == b""


def test_a_port_that_turns_away_lets_in_who_has_begun_to_connect_and_nobody_else() -> None:
    with listen("127.0.0.1", 0) as listener:
        early = socket.create_connection(listener.getsockname(), PATIENCE)
        if not turn_away(listener):
            pytest.skip("the system cannot do this")
        with early, socket.socket() as late:
            late.setblocking(False)
            assert late.connect_ex(listener.getsockname()) == errno.EINPROGRESS
            early.sendall(b"hello")
            (connection,) = accepted(listener)
            with connection:
                assert select.select([connection], [], [], PATIENCE)[0]
                assert connection.recv(5) == b"hello"
            listener.close()
            assert select.select([], [late], [], PATIENCE)[1]
            assert late.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def test_a_client_of_the_package_calls_it() -> None:
    server = ActionServer(drain=0)

    @server.action
    def order(request, responder, size: str):
        responder.frame["order"] = size
        responder.slots["size"] = size
        responder.reply("One {size}.")

    with server.in_thread() as running:
        responder = DialogueResponder(frame={"kept": 1})
        result = CustomAction(name="order", config=ServerSettings(url=f"{running.url}/action")).invoke(
            Request(text="a large one", entities=[{"type": "size", "text": "large"}]), responder
        )
        assert result, result.error
        assert responder.frame == {"kept": 1, "order": "large"}
        assert responder.directives[0]["payload"] == {"text": "One large."}


def test_over_tls_a_client_may_have_to_show_a_certificate(tmp_path: Path) -> None:
    ca = CertificateAuthority(tmp_path)
    files, client = ca.server("127.0.0.1"), ca.client()
    server = ActionServer(drain=0)
    server.action("hello")(lambda request, responder: responder.reply("Hello."))
    with server.in_thread(
        tls_cert=files.certificate, tls_key=files.private_key, client_ca=client.ca
    ) as running:
        assert running.url.startswith("https://")
        unknown = ServerSettings(url=running.url, cert=str(files.ca))
        known = ServerSettings(
            url=running.url,
            cert=str(files.ca),
            public_key=str(client.certificate),
            private_key=str(client.private_key),
        )
        failed = CustomAction("hello", unknown).invoke(Request(), DialogueResponder())
        assert type(failed.error).__name__ == "ClientCertificateRejected"
        assert CustomAction("hello", known).invoke(Request(), DialogueResponder())


def test_tls_files_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    server = ActionServer()
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="go together"):
        server.run(port=0, tls_cert=broken)
    with pytest.raises(ConfigurationError, match="go together"):
        server.run(port=0, client_ca=broken)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        server.run(port=0, tls_cert=broken, tls_key=broken)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        server.run(port=0, tls_cert=tmp_path / "no", tls_key=tmp_path / "no")


def test_a_port_that_is_taken_or_no_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
            ActionServer().run(port=port)
    with pytest.raises(ConfigurationError, match="cannot listen"):
        ActionServer().run(port=70_000)


def test_without_uvicorn_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from mm_actions.server import ActionServer\n"
        "try:\n    ActionServer().run()\n"
        "except ValueError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=30)
    assert b"mm_actions[server]" in done.stdout


def slow(**settings: Any) -> ActionServer:
    server = ActionServer(drain=0, **settings)
    server.action("hello")(lambda request, responder: responder.reply("Hello."))
    return server


def until_closed(sock: socket.socket) -> bytes:
    answer = b""
    while piece := sock.recv(65536):
        answer += piece
    return answer


def test_a_head_that_does_not_arrive_in_time_is_given_up(serve: Callable[..., Served]) -> None:
    served = serve(slow(head_timeout=0.1))
    with served.raw() as silent, served.raw() as begun, served.raw() as second:
        begun.sendall(b"POST /action HTTP/1.1\r\nHost: a\r\n")
        second.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost:")
        assert until_closed(silent) == b""
        assert until_closed(begun).startswith(b"HTTP/1.1 408 ")
        assert b"HTTP/1.1 408 " in until_closed(second)
    connection = served.connect()
    for _ in range(3):
        connection.request("POST", "/action", json.dumps({"action": "hello"}), JSON)
        assert read(connection).status == 200
    connection.close()


def test_a_head_without_end_is_refused(serve: Callable[..., Served]) -> None:
    served = serve(slow(max_head=10_000))
    with served.raw() as sock:
        sock.sendall(b"POST /action HTTP/1.1\r\n")
        answer = b""
        try:
            for number in range(100_000):
                sock.sendall(b"X-%d: %b\r\n" % (number, b"y" * 1000))
        except OSError:
            pass  # closed
        with contextlib.suppress(
            ConnectionResetError
        ):  # what was sent after the answer turns the end into a reset
            answer = until_closed(sock)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
    assert served.post({"action": "hello"}).status == 200


def test_what_is_not_http_is_answered_with_a_problem(serve: Callable[..., Served]) -> None:
    served = serve(slow())
    with served.raw() as sock:
        sock.sendall(b"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = until_closed(sock)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"application/problem+json" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 400
