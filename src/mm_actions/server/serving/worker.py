"""A process among several that serve one port: started and told what to do by a Supervisor.

Run as ``python -m mm_actions.server.serving.worker`` with the descriptors of the port and of a channel. The
channel brings the work; what goes back is one line of JSON: ready, or why not. After it come words: ``stop``
with how urgent it is, and ``give way``. When the channel ends, so has the supervisor; the worker ends too.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import signal
import socket
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from mm_actions.errors import ConfigurationError
from mm_actions.server.serving.loading import ModuleFailed
from mm_actions.server.serving.logs import start_log

if TYPE_CHECKING:
    from mm_actions.server.serving.settings import ServingSettings

logger = logging.getLogger("mm_actions.server")

GIVE_WAY, STOP = b"give way", b"stop"
AT_ONCE = 2
LENGTH = struct.Struct("!I")
EX_SOFTWARE, EX_CONFIG = 70, 78


class Work(NamedTuple):
    """What a worker is to do."""

    reference: str
    settings: ServingSettings


def main() -> int:
    """Serve until told to stop.

    Returns:
        The exit code.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's, which the supervisor gets as well
    port, channel = (socket.socket(fileno=int(descriptor)) for descriptor in sys.argv[1:3])
    with port, channel:
        (length,) = LENGTH.unpack(channel.recv(LENGTH.size, socket.MSG_WAITALL))
        work: Work = pickle.loads(channel.recv(length, socket.MSG_WAITALL))  # noqa: S301 - from our parent, over a channel of our own
        start_log(work.settings)
        sys.dont_write_bytecode |= work.settings.reload  # two edits within a second would share one .pyc
        try:
            _serve(work, port, channel)
        except ConfigurationError as error:
            _tell(channel, {"failed": str(error)})
            if not isinstance(error, ModuleFailed):
                return EX_CONFIG
            sys.stderr.write(error.traceback)
            return EX_SOFTWARE
    return 0


def _serve(work: Work, port: socket.socket, channel: socket.socket) -> None:
    from mm_actions.server.serving.process import prepare  # noqa: PLC0415 - uvicorn is an extra
    from mm_actions.server.serving.running import UvicornServer  # noqa: PLC0415 - as above

    prepared = prepare(work.reference, work.settings)

    def listening(url: str) -> None:
        channel.setblocking(False)
        asyncio.get_running_loop().add_reader(channel, obey)
        _tell(channel, {"ready": prepared.announced(url)})

    def obey() -> None:
        words = channel.recv(4096)
        if not words:  # the supervisor has died: free the port for its successor
            asyncio.get_running_loop().remove_reader(channel)
            logger.error("the supervisor has ended, and so does this worker")
            words = b"%b %d" % (STOP, AT_ONCE)
        for word in words.splitlines():
            if word == GIVE_WAY:
                running.give_way()
                _tell(channel, {"gave_way": True})
            else:
                running.stop(int(word.removeprefix(STOP)), for_good=True)

    running = UvicornServer(prepared.server, prepared.config, listening, shares_port=True, grpc=prepared.grpc)
    running.run(sockets=[port] if work.settings.http else [])


def _tell(channel: socket.socket, message: object) -> None:
    try:
        channel.sendall(msgspec.json.encode(message) + b"\n")
    except OSError:
        logger.error("the supervisor cannot be told: it has ended")  # noqa: TRY400 - its traceback says no more


if __name__ == "__main__":
    sys.exit(main())
