"""What watches the sockets of an event loop's lanes."""

import asyncio
import contextlib
import os
import select
import socket
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux's")

from mm_actions.transports.http.epoll_loop import EpollLoop  # noqa: E402 - not there elsewhere

PATIENCE = 5


@pytest.fixture
def pair():
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


async def heard(event):
    await asyncio.wait_for(event.wait(), PATIENCE)
    event.clear()


def test_a_socket_is_watched_until_it_is_let_go_of(pair):
    mine, other = pair

    async def main():
        watch, event = EpollLoop(asyncio.get_running_loop()), asyncio.Event()
        watch.add_reader(mine.fileno(), event.set)
        other.send(b"a")
        await heard(event)
        watch.remove_reader(mine.fileno())
        watch.remove_reader(mine.fileno())
        watch.add_writer(mine.fileno(), event.set)  # comes at once, after what is there to be read
        await heard(event)
        watch.add_reader(mine.fileno(), event.set)
        watch.remove_writer(mine.fileno())
        await heard(event)
        watch.close()

    asyncio.run(main())


def test_the_end_of_the_other_side_is_heard_by_who_waits_to_write(pair):
    mine, other = pair

    async def main():
        watch, event = EpollLoop(asyncio.get_running_loop()), asyncio.Event()
        mine.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while mine.send(bytes(1 << 16)):
                pass
        watch.add_writer(mine.fileno(), event.set)
        other.close()
        await heard(event)
        watch.close()

    asyncio.run(main())


def test_the_number_of_a_closed_descriptor_can_be_watched_anew():
    async def main():
        watch, event = EpollLoop(asyncio.get_running_loop()), asyncio.Event()
        for _ in range(3):
            reading, writing = os.pipe()
            watch.add_reader(reading, event.set)
            os.write(writing, b"a")
            await heard(event)
            os.close(reading)  # nobody tells
            os.close(writing)
        watch.remove_reader(reading)
        watch.close()

    asyncio.run(main())


def test_the_event_loop_watches_one_descriptor_which_goes_with_it():
    async def main():
        loop = asyncio.get_running_loop()
        before = open_descriptors(), len(loop._selector.get_map())
        watch = EpollLoop(loop)
        pipes = [os.pipe() for _ in range(3)]
        for reading, _ in pipes:
            watch.add_reader(reading, pytest.fail)
        assert len(loop._selector.get_map()) == before[1] + 1
        watch.close()
        watch.close()
        watch.add_reader(pipes[0][0], pytest.fail)
        watch.remove_reader(pipes[0][0])
        for pipe in pipes:
            for end in pipe:
                os.close(end)
        assert (open_descriptors(), len(loop._selector.get_map())) == before

    asyncio.run(main())


def test_a_reader_is_called_again_until_nothing_is_left_to_be_read(pair):
    mine, other = pair

    async def main():
        watch, event, read = EpollLoop(asyncio.get_running_loop()), asyncio.Event(), []

        def take_one():
            read.append(mine.recv(1))
            if len(read) == 3:
                event.set()

        watch.add_reader(mine.fileno(), take_one)
        other.send(b"abc")
        await heard(event)
        assert b"".join(read) == b"abc"
        watch.close()

    asyncio.run(main())


def test_what_was_let_go_of_does_not_keep_the_event_loop_awake(pair):
    mine, other = pair

    async def main():
        loop = asyncio.get_running_loop()
        before = set(loop._selector.get_map())
        watch, event = EpollLoop(loop), asyncio.Event()
        (epoll,) = set(loop._selector.get_map()) - before
        watch.add_reader(mine.fileno(), pytest.fail)
        watch.remove_reader(mine.fileno())
        other.send(b"a")
        other.close()
        loop.add_reader(mine, event.set)  # both have arrived, then
        await heard(event)
        loop.remove_reader(mine)
        await asyncio.sleep(0)
        assert not select.select([epoll], [], [], 0)[0]
        watch.close()

    asyncio.run(main())
