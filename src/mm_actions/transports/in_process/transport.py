"""The contract without a network: the actions of a module, carried out by a host of this process.

An asynchronous caller's call runs on its own event loop, as whatever it awaits. A blocking caller has none,
and a plain function cannot be given up on the thread that waits for it; so there is one loop on a thread for
the blocking callers of a module. Calls with an idempotency key run there as well, whoever makes them, because
a host takes and keeps keys on one thread; and they go on when their caller leaves, since it may ask again.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.config.in_process import PythonSettings
from mm_actions.contract.events import MEDIA_TYPE
from mm_actions.contract.status import answer_of
from mm_actions.core import exchange
from mm_actions.core.payload import payload_of, written
from mm_actions.core.request import Request
from mm_actions.core.responder import DialogueResponder
from mm_actions.errors import AnswerTooLarge, InvocationError, Sent
from mm_actions.server.calls.host import Call as HostCall
from mm_actions.server.calls.host import Host
from mm_actions.transports.fork import start_anew_after_fork
from mm_actions.transports.http.correlation import call_headers, time_left
from mm_actions.transports.http.event_stream import Arrival
from mm_actions.transports.in_process.code import Code
from mm_actions.transports.in_process.stream import (
    AsyncEvents,
    Events,
    EventsAcross,
    HandlerStream,
    headers_of,
)
from mm_actions.transports.in_process.turn import Turn
from mm_actions.transports.in_process.waiting import Patience, judged, wait, wait_across, wait_for
from mm_actions.transports.loop_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from mm_actions.config import ServerSettings
    from mm_actions.contract.wire import Answer
    from mm_actions.core.transport import Call, Invocation
    from mm_actions.server.calls.reply import Reply

T = TypeVar("T")

_STOPPING = 1.0


def open_transport(settings: ServerSettings) -> InProcessTransport:
    """Import the module that a url names.

    Raises:
        ConfigurationError: There is no such module, it cannot be imported, or it has no actions.
        RegistrationError: Its actions cannot be registered.
    """
    return InProcessTransport(settings)


class InProcessTransport:
    """Runs the actions of a module.

    Args:
        settings: The settings; their url is ``python:module`` or ``python:module:server``.

    Raises:
        ConfigurationError: As :func:`open_transport`.
        RegistrationError: Likewise.
    """

    def __init__(self, settings: ServerSettings) -> None:
        own = settings.python or PythonSettings()
        self._through_codec = own.strict
        self._history = settings.history
        self._limit = settings.max_response_bytes
        self._strict = settings.strict
        self._code = Code(settings.url.partition(":")[2], reload=own.reload)
        self._start()
        start_anew_after_fork(self)

    def encode(self, invocation: Invocation) -> Turn | bytes:
        """Take the turn: as it is where that is safe, as JSON where that was asked for."""
        ours = isinstance(invocation.request, Request) and isinstance(invocation.responder, DialogueResponder)
        if ours and not self._through_codec:
            return Turn(invocation, self._history)
        return written(payload_of(invocation, self._history))

    def send(self, call: Call) -> Answer:
        """Carry out one attempt, blocking."""
        patience, host = Patience(call.timeout), self._ready()
        return self._answer(call, self._blocking(_carried_out(host, call, patience), patience), patience)

    async def send_async(self, call: Call) -> Answer:
        """Carry out one attempt; what it changes of the context stays in a task of its own."""
        patience, host = Patience(call.timeout), self._ready()
        carrying = _carried_out(host, call, patience)
        if call.idempotency_key is None:
            reply = await wait_for(asyncio.ensure_future(carrying), patience)
        else:
            reply = await wait_across(self._loop, carrying, patience)
        return self._answer(call, reply, patience)

    def stream(self, call: Call) -> Events:
        """Begin one attempt, blocking."""
        patience, host = Patience(call.timeout), self._ready()
        events = self._blocking(self._opened(host, call, patience), patience)
        return Events(events, self._loop, patience)

    async def stream_async(self, call: Call) -> AsyncEvents | EventsAcross:
        """Begin one attempt."""
        patience = Patience(call.timeout)
        opening = self._opened(self._ready(), call, patience)
        if call.idempotency_key is None:
            return await opening
        events = await wait_across(self._loop, opening, patience)
        return EventsAcross(events, self._loop, patience)

    def action_names(self, seconds: float) -> Sequence[str]:  # noqa: ARG002 - it takes none
        """Give the names of the module's actions."""
        return [action.name for action in self._host.registry]

    async def action_names_async(self, seconds: float) -> Sequence[str]:
        """Give the names of the module's actions."""
        return self.action_names(seconds)

    def close(self) -> None:
        """Let threads end that are at rest, and the event loop of blocking callers; a later call begins anew.

        A store of idempotency keys that the module has made is the module's to close.
        """
        self._ending()
        self._start()

    def forget_parent(self) -> None:
        """Begin anew, in a forked child, which has none of the threads."""
        self._ending.detach()
        self._code.forget_parent()
        self._start()

    def _start(self) -> None:
        self._loop = LoopThread()
        self._host = Host(self._code.server.registry, self._code.server.options)
        self._ending = weakref.finalize(self, _end, self._host, self._loop)

    def _ready(self) -> Host:
        """Give the host, with the actions of the module as it is now; calls in progress have theirs."""
        if (server := self._code.renewed()) is not None:
            self._host.registry, self._host.options = server.registry, server.options
        return self._host

    def _blocking(self, coroutine: Coroutine[Any, Any, T], patience: Patience) -> T:
        """Run a coroutine for a caller that waits on its own thread."""
        loop = self._loop
        if loop.here:  # a coroutine of the module makes a blocking call: its loop can only wait for another
            loop = LoopThread()
        try:
            return wait(loop, coroutine, patience)
        finally:
            if loop is not self._loop:
                loop.stop(_STOPPING)

    async def _opened(self, host: Host, call: Call, patience: Patience) -> AsyncEvents:
        stream = HandlerStream(host, _host_call(call, patience), patience)
        try:
            await stream.open()
        except BaseException:
            stream.close()
            raise
        if call.answered is not None:
            call.answered(stream.status)
        arrival = Arrival(
            stream.status, stream.headers, limit=self._limit, strict=self._strict, now=time.time
        )
        return AsyncEvents(stream, arrival, patience)

    def _answer(self, call: Call, reply: Reply, patience: Patience) -> Answer:
        if call.answered is not None:
            call.answered(reply.status)
        if len(reply.body) > self._limit:
            raise AnswerTooLarge(
                f"the answer has more than {self._limit} bytes",
                hint="Raise max_response_bytes if such answers are meant.",
                sent=Sent.YES,
            )
        try:
            return answer_of(
                reply.status, headers_of(reply), reply.body, now=time.time(), strict=self._strict
            )
        except InvocationError as error:
            raise judged(error, patience) from error.__cause__


async def _carried_out(host: Host, call: Call, patience: Patience) -> Reply:
    exchange.current.set(None)  # that of whoever calls is not this one
    invoking = host.invoke(_host_call(call, patience))
    if call.idempotency_key is None:
        return await invoking
    going_on = asyncio.ensure_future(invoking)
    _going_on.add(going_on)
    going_on.add_done_callback(_going_on.discard)
    return await asyncio.shield(going_on)


def _host_call(call: Call, patience: Patience) -> HostCall:
    """Say to the host what the headers of a request would say."""
    headers = {
        name.lower().encode(): value.encode()
        for name, value in (("Accept", MEDIA_TYPE), time_left(call.timeout), *call_headers(call))
    }
    started = asyncio.get_running_loop().time() - (time.monotonic() - patience.began)
    if isinstance(call.payload, Turn):
        body = b"" if call.idempotency_key is None else call.payload.fingerprint()
        return HostCall(body=body, headers=headers, started=started, dialect=call.payload)
    return HostCall(body=call.payload, headers=headers, started=started)


def _end(host: Host, loop: LoopThread) -> None:
    host.threads.close()
    loop.stop(_STOPPING)


_going_on: set[asyncio.Future[Any]] = set()
"""Calls that end on their own, whether or not somebody waits; an event loop holds its tasks but weakly."""
