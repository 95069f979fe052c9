"""What stands before a mock server and spoils its answers on demand: an ASGI application around another."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from mm_actions.errors import ConfigurationError
from mm_actions.server.calls.arrival import INVALID
from mm_actions.server.calls.reply import Reply, problem, trace_id_of
from mm_actions.server.errors import ActionError, BadRequest
from mm_actions.testing.exchanges.connection import ServedConnection
from mm_actions.testing.exchanges.faults import HEADER, chosen, parse_header
from mm_actions.testing.faults import Answer, Close, Dribble, Endless, Hang, Reset, Send, Step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, MutableMapping

    from mm_actions.server.door.asgi import AsgiApp
    from mm_actions.server.options import ServerOptions
    from mm_actions.testing.exchanges.faults import Fault, Faults

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    SendMessage = Callable[[Message], Awaitable[None]]

_FIELD = HEADER.lower().encode()
_JSON = "application/json"
_NOT_JSON = b'{"directives": [{"name": "reply", "payl\x00\xff oops'
_NOT_HTTP = b"\x16\x03\x01 220 this is not the server you are looking for\r\n\r\n"
_PAGE = b"<!DOCTYPE html><html><title>Sign in</title><body>Please sign in to the network.</body></html>"
_MEMBERS = ("directives", "frame", "params", "slots")
_ENDLESS = 64 * 1024 * 1024
_FINE = 200


class FaultDoor:
    """Passes requests on, and answers those that a fault befalls.

    A fault comes before anything else is looked at, as that of a proxy or a network does. Only calls of
    actions are befallen, not the catalogue and not health checks.

    Args:
        app: The server.
        faults: What befalls whom.
        by_header: Whether a call may ask for faults in ``X-MM-Fault``; they go before all others.
        options: The server's.
    """

    def __init__(self, app: AsgiApp, faults: Faults, *, by_header: bool, options: ServerOptions) -> None:
        self._app = app
        self._faults = faults
        self._by_header = by_header
        self._options = options
        self._paths = frozenset(path for path, methods in app.doors.items() if "POST" in methods)
        self._waiting: dict[asyncio.Task[None], asyncio.AbstractEventLoop] = {}
        self._ended = False

    def end(self) -> None:
        """Let nobody wait any longer; from any thread."""
        self._ended = True
        for task, loop in tuple(self._waiting.items()):
            loop.call_soon_threadsafe(task.cancel)

    async def __call__(self, scope: Message, receive: Receive, send: SendMessage) -> None:
        """Serve one request, or the life of the process, as ASGI 3 has it."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        asked = dict(scope["headers"]).get(_FIELD) if self._by_header else None
        if asked is None and not self._faults.rules:
            await self._app(scope, receive, send)
            return
        arrived = _Arrived(receive)
        await arrived.collect(self._options.max_body, self._options.body_timeout)
        try:
            faults = parse_header(asked.decode("latin-1")) if asked else self._faults.draw(arrived.action)
        except ConfigurationError as error:
            refusal = BadRequest(f"{HEADER}: {error}.", title="Invalid request", kind=INVALID)
            await _answer(send, problem(refusal, trace_id=trace_id_of(None)))
            return
        late, fault = chosen(faults)
        if late:
            await self._wait(asyncio.sleep(late))
        if fault is None:
            await self._app(scope, arrived.receive, send)
        else:
            await self._befall(fault, scope, arrived, send)

    async def _befall(self, fault: Fault, scope: Message, arrived: _Arrived, send: SendMessage) -> None:
        if fault.kind == "status":
            await _answer(send, _problem(fault, arrived.action))
        elif fault.kind == "garbage":
            await _answer(send, Reply(status=_FINE, body=_NOT_JSON))
        elif fault.kind == "html":
            await _answer(send, Reply(status=_FINE, body=_PAGE, media_type=b"text/html; charset=utf-8"))
        else:
            true = _Caught()
            if fault.kind in {"truncated", "slow", "null"}:
                await self._app(scope, arrived.receive, true.send)
            if fault.kind == "null":
                true.nullify()
                await true.pass_on(send)
                return
            connection = ServedConnection(scope, arrived.receive)
            await self._wait(connection.play(_steps(fault, true.answer())))

    async def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what takes its time, unless the server is told to stop."""
        task = asyncio.ensure_future(work)
        loop = self._waiting[task] = asyncio.get_running_loop()
        if self._ended:
            loop.call_soon(task.cancel)  # after its first step, so that it can clear away
        try:
            await asyncio.wait([task])
        finally:
            del self._waiting[task]
            task.cancel()
        if not task.cancelled():
            task.result()


class _Arrived:
    """A request whose body is read before the server sees it.

    Args:
        receive: Gives the messages of ASGI.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Message] = []
        self._body = bytearray()

    async def collect(self, most: int, seconds: float) -> None:
        """Read the body, if it comes in time and is not too large; else the server says what is wrong."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await self._receive()
                    self._messages.append(message)
                    self._body += message.get("body", b"")
                    if not message.get("more_body") or len(self._body) > most:
                        return
        except TimeoutError:
            return

    async def receive(self) -> Message:
        """Give the messages again, and then those that come."""
        return self._messages.pop(0) if self._messages else await self._receive()

    @property
    def action(self) -> str | None:
        """The action that is called, as far as the body can be understood."""
        try:
            name = json.loads(self._body).get("action")
        except (ValueError, AttributeError, RecursionError):
            return None
        return name if isinstance(name, str) else None


class _Caught:
    """An answer that the server gave, and that is not sent as it is."""

    def __init__(self) -> None:
        self._start: Message = {"status": _FINE, "headers": []}
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take a message in."""
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")

    def nullify(self) -> None:
        """Have a responder say null where it says nothing; a problem, or a stream, stays as it is."""
        try:
            value = json.loads(self._body)
        except ValueError:
            return
        if self._start["status"] == _FINE and isinstance(value, dict) and "event" not in value:
            self._body = json.dumps(
                {**value, **{name: value.get(name) or None for name in _MEMBERS}}
            ).encode()

    def answer(self) -> Answer:
        """Give it as a step."""
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in self._start["headers"]
        ]
        headers = [pair for pair in headers if pair[0] not in {"content-length", "transfer-encoding"}]
        headers.append(("Connection", "close"))  # the connection ends with whatever is played on it
        return Answer(self._start["status"], body=self._body, headers=headers)

    async def pass_on(self, send: SendMessage) -> None:
        """Send it after all."""
        headers = [pair for pair in self._start["headers"] if pair[0] != b"content-length"]
        headers.append((b"content-length", b"%d" % len(self._body)))
        await send({**self._start, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


def _steps(fault: Fault, true: Answer) -> tuple[Step, ...]:
    match fault.kind:
        case "hang":
            return (Hang(),)
        case "reset":
            return (Reset(),)
        case "not-http":
            return (Send(_NOT_HTTP), Close())
        case "endless":
            return (Endless(limit=_ENDLESS, headers={"Content-Type": _JSON}),)
        case "slow":
            return (Send(true.head()), Dribble(true.body, interval=fault.amount or 0.0))
        case "truncated":
            half = len(true.body) // 2 if fault.amount is None else int(fault.amount)
            return (Send(true.head() + true.body[:half]), Close(notify=False))
        case _:
            return (Close(),)


def _problem(fault: Fault, action: str | None) -> Reply:
    error = ActionError(
        fault.status,
        detail="A fault that this mock server was asked for.",
        kind="urn:mm-actions:problem:fault",
        retry_after=fault.amount,
    )
    return problem(error, trace_id=trace_id_of(None), action=action)


async def _answer(send: SendMessage, reply: Reply) -> None:
    head = [(b"content-type", reply.media_type), (b"content-length", b"%d" % len(reply.body)), *reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": head})
    await send({"type": "http.response.body", "body": reply.body})
