"""What becomes of connections and sockets that nobody uses at the moment."""

import asyncio
import socket
import threading

import pytest

from mm_actions.transports.fork import SocketLedger
from mm_actions.transports.http.curl.engine import CurlEngine
from mm_actions.transports.http.curl.idle import IdleStack
from mm_actions.transports.http.engine import EngineOptions, HttpRequest
from mm_actions.transports.http.factory import create_engine
from transports.http.byte_server import PATIENCE, ok, serve


class Kept:
    def __init__(self) -> None:
        self.last_used = 0.0
        self.closed = False

    def stale(self) -> bool:
        return self.last_used < 0

    def close(self) -> None:
        self.closed = True


def test_the_last_one_kept_is_the_next_one_taken():
    stack = IdleStack(Kept, EngineOptions())
    first, second = stack.take(), stack.take()
    stack.keep(first)
    stack.keep(second)
    assert [stack.take(), stack.take()] == [second, first]
    assert stack.take() not in {first, second}


def test_a_stale_one_is_closed_instead_of_taken():
    stack = IdleStack(Kept, EngineOptions())
    fine, stale = stack.take(), stack.take()
    stack.keep(fine)
    stack.keep(stale)
    stale.last_used = -1.0
    assert stack.take() is fine
    assert stale.closed


def test_no_more_are_kept_than_allowed():
    stack = IdleStack(Kept, EngineOptions(max_connections=1))
    first, second = stack.take(), stack.take()
    stack.keep(first)
    stack.keep(second)
    assert (first.closed, second.closed) == (False, True)


def test_one_that_lay_idle_too_long_is_closed_when_another_comes_back():
    stack = IdleStack(Kept, EngineOptions(idle_timeout=30))
    old, new = stack.take(), stack.take()
    stack.keep(old)
    old.last_used -= 31
    stack.keep(new)
    assert (old.closed, list(stack)) == (True, [new])
    stack.close()
    assert (new.closed, list(stack)) == (True, [])


def test_a_detached_socket_is_let_go_of_without_a_word_to_the_peer():
    ledger = SocketLedger()
    ours, theirs = socket.socketpair()
    stranger, _other = socket.socketpair()
    with ours, theirs, stranger, _other:
        copy = ours.dup()  # as the parent's, after a fork
        with copy:
            ledger.note(ours.fileno(), 0)
            ledger.note(stranger.fileno(), 0)
            number = stranger.detach()
            socket.socket(fileno=number).close()
            reused = socket.socket()
            with reused:
                ledger.detach()
                with pytest.raises(OSError, match="socket"):
                    ours.send(b"x")
                copy.send(b"still here")
                assert theirs.recv(20) == b"still here"
                assert reused.getsockname()


@pytest.mark.parametrize("name", ["curl", "aiohttp"])
def test_closing_an_engine_closes_what_it_keeps_on_a_loop_that_runs_elsewhere(start, name):
    server = start(serve(ok()))
    engine = create_engine(name, EngineOptions())
    called, leave = threading.Event(), threading.Event()

    async def main():
        await engine.send_async(HttpRequest(url=server.url, body=b"{}", timeout=PATIENCE))
        called.set()
        await asyncio.to_thread(leave.wait, PATIENCE)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    try:
        assert called.wait(PATIENCE)
        engine.close()
        assert server.client_left.wait(PATIENCE)
    finally:
        leave.set()
        thread.join(PATIENCE)


def test_a_loop_that_was_closed_without_notice_is_forgotten(start):
    server = start(serve(ok()))
    engine = CurlEngine(EngineOptions())
    request = HttpRequest(url=server.url, body=b"{}", timeout=PATIENCE)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(engine.send_async(request))
    loop.close()
    assert asyncio.run(engine.send_async(request)).status == 200
    server.settle()
    engine.close()


# aiohttp takes what lies in a kept connection for the next answer.
@pytest.mark.parametrize("engine_name", ["curl", "requests"])
def test_a_connection_that_says_what_nobody_asked_is_not_used_again(start, client, engine_name):
    said = threading.Event()

    def script(peer):
        while peer.read() is not None:
            peer.send(ok(b"[1]"))
            peer.send(ok(b"[2]"))
            said.set()

    server = start(script)
    for _ in range(100):
        said.clear()
        assert client.call(server.url).body == b"[1]"
        assert said.wait(PATIENCE)
