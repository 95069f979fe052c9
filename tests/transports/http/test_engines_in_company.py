"""Engines among tasks, threads, loops, processes and the sessions that users bring."""

import asyncio
import subprocess
import sys
import threading

import aiohttp
import pytest
import requests

from mm_actions.errors import ConfigurationError, ConnectFailed, DeadlineExceeded, Sent
from mm_actions.transports.http.curl.engine import CurlEngine
from mm_actions.transports.http.engine import EngineOptions, HttpRequest
from mm_actions.transports.http.factory import create_engine
from mm_actions.transports.http.tls import TlsMaterial
from transports.http.byte_server import PATIENCE, ok, open_descriptors, serve, server_context


def post(url: str, **more) -> HttpRequest:
    return HttpRequest(url=url, body=b"{}", timeout=more.pop("timeout", PATIENCE), **more)


@pytest.fixture
def engine(engine_name):
    engine = create_engine(engine_name, EngineOptions(max_connections=200))
    yield engine
    engine.close()


def test_two_hundred_calls_are_in_flight_at_once(start, engine):
    together = threading.Barrier(200)

    def script(peer):
        while peer.read() is not None:
            together.wait(PATIENCE)
            peer.send(ok())

    server = start(script)

    async def all_at_once():
        return await asyncio.gather(*(engine.send_async(post(server.url)) for _ in range(200)))

    assert [answer.status for answer in asyncio.run(all_at_once())] == [200] * 200


def registered(loop) -> tuple[int, int]:
    """Readers and writers, and timers that were not cancelled."""
    timers = [handle for handle in loop._scheduled if not handle.cancelled()]
    return len(loop._selector.get_map()), len(timers)


@pytest.mark.parametrize("moment", ["connecting", "waiting", "reading", "writing"])
def test_a_cancelled_call_leaves_nothing_behind(start, engine, engine_name, moment):
    begun = threading.Event()

    def script(peer):
        if moment == "writing":
            begun.set()
            peer.server.ended.wait(PATIENCE)
            return
        peer.read()
        if moment == "reading":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
        begun.set()
        peer.hold()

    server = start(script)
    body = bytes(32 << 20) if moment == "writing" else b"{}"

    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(begun.is_set)  # so that the loop's own thread pool is there
        for round_ in range(3):
            begun.clear()
            task = asyncio.create_task(
                engine.send_async(HttpRequest(url=server.url, body=body, timeout=PATIENCE))
            )
            if moment == "connecting":
                await asyncio.sleep(0)
            else:
                await asyncio.to_thread(begun.wait, PATIENCE)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            if moment not in {"connecting", "writing"}:
                assert await asyncio.to_thread(server.client_left.wait, PATIENCE)
            server.client_left.clear()
            if round_ == 0:
                await asyncio.sleep(0.05 if engine_name == "requests" else 0)
                before = registered(loop), open_descriptors()
        await asyncio.sleep(0.05 if engine_name == "requests" else 0.01)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert registered(loop) <= before[0]
        if moment not in {"writing", "connecting"}:
            server.settle()
            assert open_descriptors() <= before[1]

    asyncio.run(main())


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, 5, 6, 8, 10, 15])
def test_a_call_may_be_cancelled_at_any_turn_of_the_loop(start, turns):
    server = start(serve(ok()))
    engine = CurlEngine(EngineOptions())

    async def main():
        for _ in range(5):
            task = asyncio.create_task(engine.send_async(post(server.url)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        assert (await engine.send_async(post(server.url))).status == 200
        assert registered(asyncio.get_running_loop())[1] <= 1, (
            "at most the timer of the connection that is kept"
        )

    asyncio.run(main())
    engine.close()
    server.settle()


@pytest.mark.parametrize("engine_name", ["curl", "aiohttp"])  # requests sends on threads, which outlive loops
def test_the_end_of_a_loop_closes_its_connections(start, engine_name):
    server = start(serve(ok()))
    engine = create_engine(engine_name, EngineOptions())
    for _ in range(3):
        assert asyncio.run(engine.send_async(post(server.url))).status == 200
        server.settle()
    assert server.connections == 3


def test_loops_in_several_threads_share_an_engine(start, engine):
    server = start(serve(ok()))
    statuses = []

    async def some():
        for _ in range(20):
            statuses.append((await engine.send_async(post(server.url))).status)  # noqa: PERF401 - one by one

    threads = [threading.Thread(target=lambda: asyncio.run(some())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert statuses == [200] * 80


def test_uvloop_carries_calls(start, engine):
    uvloop = pytest.importorskip("uvloop")
    server = start(serve(ok(b"[1]")))

    async def some():
        return [(await engine.send_async(post(server.url))).body for _ in range(20)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(some()) == [b"[1]"] * 20

        async def late():
            with pytest.raises(DeadlineExceeded):
                await engine.send_async(post(start(lambda peer: peer.hold()).url, timeout=0.1))

        runner.run(late())
    assert server.connections <= 1 or not isinstance(engine, CurlEngine)


def test_an_engine_closed_in_flight_fails_its_calls(start):
    server = start(lambda peer: peer.read() and peer.hold())
    engine = CurlEngine(EngineOptions())

    async def main():
        task = asyncio.create_task(engine.send_async(post(server.url)))
        await asyncio.to_thread(server.got_request.wait, PATIENCE)
        engine.close()
        with pytest.raises(Exception, match="the engine was closed") as caught:
            await task
        assert caught.value.sent is Sent.MAYBE
        assert await asyncio.to_thread(server.client_left.wait, PATIENCE)

    asyncio.run(main())


FORKING = """
import os, signal, sys
from mm_actions.transports.http.engine import EngineOptions, HttpRequest
from mm_actions.transports.http.factory import create_engine
from mm_actions.transports.http.tls import TlsMaterial
name, url, ca = sys.argv[1:]
engine = create_engine(name, EngineOptions(tls=TlsMaterial.load(ca=ca)))
request = HttpRequest(url=url, body=b"{}", timeout=10)
assert engine.send(request).status == 200
child = os.fork()
if child == 0:
    signal.alarm(20)  # which the child of a process that is killed would not be
    assert engine.send(request).status == 200
    assert engine.send(request).status == 200
    engine.close()
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert engine.send(request).status == 200
engine.close()
"""


@pytest.mark.parametrize("name", ["curl", "requests"])
def test_a_forked_child_leaves_the_connections_of_its_parent_alone(start, server_certificate, ca_file, name):
    server = start(serve(ok()), server_context(server_certificate))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING, name, server.url, ca_file],
        check=False, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    # The child has one of its own; the parent's was not closed in its name.
    assert server.served_by == [1, 2, 2, 1]


INTERRUPTED = """
import os, signal, sys, threading
from mm_actions.transports.http.engine import EngineOptions, HttpRequest
from mm_actions.transports.http.factory import create_engine
engine = create_engine(sys.argv[1], EngineOptions())
def interrupt():
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    engine.send(HttpRequest(url=sys.argv[2], body=b"{}", timeout=float(sys.argv[4])))
except KeyboardInterrupt:
    print("interrupted")
print(engine.send(HttpRequest(url=sys.argv[3], body=b"{}", timeout=10)).status)
engine.close()
"""


def test_an_interrupt_ends_a_call_and_leaves_the_engine_usable(start, engine_name):
    hanging = start(lambda peer: peer.read() and peer.hold())
    healthy = start(serve(ok()))
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, engine_name, hanging.url, healthy.url, "3"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert hanging.got_request.wait(PATIENCE)
        out, error = process.communicate("now\n", timeout=20)
    assert (out, process.returncode) == ("interrupted\n200\n", 0), error


def test_a_session_of_requests_is_used_as_it_is(start):
    server = start(serve(ok()))
    with requests.Session() as session:
        session.headers["X-From"] = "session"
        session.auth = ("user", "word")
        engine = create_engine(session, EngineOptions())
        assert engine.send(post(server.url)).status == 200
        assert asyncio.run(engine.send_async(post(server.url))).status == 200
        slow = start(lambda peer: peer.read() and peer.drip(ok(b" " * 500)))
        with pytest.raises(DeadlineExceeded) as caught:
            engine.send(post(slow.url, timeout=0.3))
        assert caught.value.sent is Sent.YES
        engine.close()
        assert session.post(server.url, timeout=5).status_code == 200
    assert server.connections == 1
    assert b"X-From: session\r\n" in server.requests[0]
    assert b"Authorization: Basic" in server.requests[0]


def test_the_body_of_a_redirect_is_not_read_through_a_users_session(start):
    def script(peer):
        peer.read()
        peer.send(b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\n\r\n")
        while True:
            peer.send(b"x" * 65536)

    server = start(script)
    with requests.Session() as session:
        answer = create_engine(session, EngineOptions()).send(post(server.url))
    assert (answer.status, answer.headers["location"]) == (307, "http://127.0.0.1:1/")


def test_a_session_of_aiohttp_is_used_on_its_own_loop_only(start):
    server = start(serve(ok()))

    async def main():
        async with aiohttp.ClientSession(headers={"X-From": "session"}) as session:
            engine = create_engine(session, EngineOptions())
            assert (await engine.send_async(post(server.url))).status == 200
            with pytest.raises(ConfigurationError, match="another event loop"):
                await asyncio.to_thread(asyncio.run, engine.send_async(post(server.url)))
            with pytest.raises(ConfigurationError, match="invoke_async"):
                engine.send(post(server.url))
            engine.close()
            assert not session.closed

    asyncio.run(main())
    assert b"X-From: session\r\n" in server.requests[0]


def test_an_engine_of_the_users_own_is_used(start):
    engine = CurlEngine(EngineOptions())
    assert create_engine(engine, EngineOptions()) is engine


@pytest.mark.parametrize(
    ("wrong", "says"), [("httpx", "curl, requests, aiohttp"), (42, "int"), (object(), "object")]
)
def test_what_is_no_engine_is_refused(wrong, says):
    with pytest.raises(ConfigurationError, match=says):
        create_engine(wrong, EngineOptions())


@pytest.mark.parametrize("name", ["requests", "aiohttp"])
def test_a_missing_library_says_what_to_install(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match=rf'pip install "mm_actions\[{name}\]"'):
        create_engine(name, EngineOptions())


def test_making_the_default_engine_loads_no_other_library():
    code = (
        "import sys\n"
        "from mm_actions.transports.http.engine import EngineOptions\n"
        "from mm_actions.transports.http.factory import create_engine\n"
        "from mm_actions.transports.http.tls import TlsSource\n"
        "create_engine('curl', EngineOptions(tls=TlsSource()))\n"
        "print(sorted({'requests', 'aiohttp', 'urllib3', 'cryptography'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "[]\n"


def test_happy_eyeballs_finds_the_address_that_listens(start, ca_file, server_certificate):
    # localhost is ::1 first, where nobody listens.
    server = start(serve(ok()), server_context(server_certificate))
    engine = CurlEngine(EngineOptions(tls=TlsMaterial.load(ca=ca_file)))
    assert engine.send(post(server.url)).status == 200
    engine.close()


def test_a_proxy_that_is_down_is_no_connection():
    engine = CurlEngine(EngineOptions(proxy="http://127.0.0.1:1"))
    with pytest.raises(ConnectFailed):
        engine.send(post("http://action.example/"))
