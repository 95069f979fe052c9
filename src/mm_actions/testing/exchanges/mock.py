"""A server that answers from exchanges, and checks what it receives."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from mm_actions.contract.codec import encode
from mm_actions.errors import ConfigurationError
from mm_actions.server.action_server import ActionServer
from mm_actions.server.calls.arrival import INVALID
from mm_actions.server.calls.changes import BadResult
from mm_actions.server.calls.host import Host
from mm_actions.server.calls.reply import JSON, PROBLEM, Reply
from mm_actions.server.calls.streaming import CallAbandoned
from mm_actions.server.door.asgi import AsgiApp
from mm_actions.server.errors import ActionError, BadRequest
from mm_actions.server.keys.idempotency import Performed
from mm_actions.server.options import ServerOptions
from mm_actions.server.serving.listening import listen
from mm_actions.testing.exchanges.fault_door import FaultDoor
from mm_actions.testing.exchanges.faults import Faults
from mm_actions.testing.exchanges.strictness import unknown_members

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from mm_actions.server.calls.arrival import Arrived
    from mm_actions.server.calls.host import Call
    from mm_actions.server.registry import Action, Registry
    from mm_actions.server.serving.running import ServerThread
    from mm_actions.testing.exchanges.exchange import Exchange
    from mm_actions.testing.exchanges.matching import Book

_OK, _REDIRECTION = 200, 300
_FAILED = 400
_FRAMING = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "server",
        "transfer-encoding",
        "x-mm-call-id",
    }
)
_MOST_UNKNOWN = 20


class MockServer(ActionServer):
    """Answers calls from a :class:`~mm_actions.testing.exchanges.Book`, behind the same doors as any server.

    What arrives is checked as an :class:`~mm_actions.server.ActionServer` checks it: what does not match the
    contract is a 400 that names the member.

    Args:
        book: The exchanges.
        faults: What goes wrong on purpose.
        faults_by_header: Whether a call may ask for a fault in ``X-MM-Fault``.
        strict: Whether members that the contract does not know are refused.
        pace: Seconds before each directive of a stream.
        options: The settings of the server; by default one that stops at once.
    """

    def __init__(
        self,
        book: Book,
        *,
        faults: Faults | None = None,
        faults_by_header: bool = False,
        strict: bool = False,
        pace: float = 0.0,
        options: ServerOptions | None = None,
    ) -> None:
        super().__init__(options or ServerOptions(drain=0, grace=1, ui=False))
        self._book = book
        self._faults = faults or Faults()
        self._by_header = faults_by_header
        self._strict = strict
        self._pace = pace
        for name, stored in book.actions.items():
            count = len(stored)
            self.registry.add(
                _never_called,
                name,
                description=f"Answered from {count} exchange{'s' if count > 1 else ''}",
                idempotent=book.default(name).exchange.status == _OK,
            )

    @property
    def asgi(self) -> AsgiApp:
        """The ASGI application, without the faults: these need the connection."""
        if self._asgi is None:
            self._asgi = _MockApp(
                self.registry, self.options, self._book, strict=self._strict, pace=self._pace
            )
        return self._asgi

    def run(
        self,
        host: str = "127.0.0.1",
        port: int = 8080,
        *,
        tls_cert: str | PathLike[str] | None = None,
        tls_key: str | PathLike[str] | None = None,
        tls_key_password: str | None = None,
        client_ca: str | PathLike[str] | None = None,
        grpc_port: int | None = None,
        listening: Callable[[str], None] | None = None,
    ) -> None:
        """Serve until SIGTERM or SIGINT; the arguments are those of :meth:`ActionServer.run`.

        Raises:
            ConfigurationError: The address or a file cannot be used, or uvicorn is not installed; or a port
                for gRPC is asked for.
        """
        from mm_actions.server.serving.running import UvicornServer  # noqa: PLC0415 - uvicorn is an extra

        _refuse_grpc(grpc_port)
        config = self._config(
            tls_cert=tls_cert, tls_key=tls_key, tls_key_password=tls_key_password, client_ca=client_ca
        )
        with listen(host, port) as listener:
            UvicornServer(self, config, listening, linger=_LINGER).run(sockets=[listener])

    def in_thread(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls_cert: str | PathLike[str] | None = None,
        tls_key: str | PathLike[str] | None = None,
        tls_key_password: str | None = None,
        client_ca: str | PathLike[str] | None = None,
        grpc_port: int | None = None,
    ) -> ServerThread:
        """Serve from a thread, for tests; as :meth:`ActionServer.in_thread`."""
        from mm_actions.server.serving.running import ServerThread  # noqa: PLC0415 - uvicorn is an extra

        _refuse_grpc(grpc_port)
        config = self._config(
            tls_cert=tls_cert, tls_key=tls_key, tls_key_password=tls_key_password, client_ca=client_ca
        )
        return ServerThread(self, config, host, port)

    def _config(self, **tls: Any) -> Any:
        from mm_actions.server.serving.running import config_of  # noqa: PLC0415 - uvicorn is an extra
        from mm_actions.testing.exchanges.connection import exposing  # noqa: PLC0415 - the same

        self._asgi = None  # served before, it would go on with a host of another kind
        config = config_of(self, **tls)
        app = self.asgi
        door = FaultDoor(app, self._faults, by_header=self._by_header, options=self.options)
        assert isinstance(app, _MockApp)  # noqa: S101 - for the type checker
        app.on_drain = door.end
        config.loaded_app = door
        config.http_protocol_class = exposing(config.http_protocol_class)  # type: ignore[arg-type] # of config_of
        return config


def _refuse_grpc(port: int | None) -> None:
    if port is not None:
        raise ConfigurationError("a mock answers what was recorded over HTTP: leave out grpc_port")


_LINGER = 0.25


class _MockApp(AsgiApp):
    """The doors of an action server, before a host that answers from a book."""

    def __init__(
        self, registry: Registry, options: ServerOptions, book: Book, *, strict: bool, pace: float
    ) -> None:
        super().__init__(registry, options)
        self.host = _MockHost(registry, options, book, strict=strict, pace=pace)
        self.on_drain: Callable[[], None] = _nothing

    def drain(self) -> None:
        """End what a fault keeps waiting, too."""
        super().drain()
        self.on_drain()


class _MockHost(Host):
    """Carries calls out by looking them up."""

    def __init__(
        self, registry: Registry, options: ServerOptions, book: Book, *, strict: bool, pace: float
    ) -> None:
        super().__init__(registry, options)
        self._book = book
        self._strict = strict
        self._pace = pace

    async def perform(self, action: Action, arrived: Arrived, seconds: float, call: Call) -> Performed:
        request = json.loads(call.body)
        if self._strict and (unknown := unknown_members(request)):
            return Performed(reply=self._problem(_too_much(unknown), action, call), started=False)
        exchange = self._book.find(action.name, request).exchange
        if call.stream is None or exchange.status >= _REDIRECTION:
            return Performed(reply=_reply(exchange))
        try:
            async with asyncio.timeout(seconds):
                return Performed(reply=await self._stream(exchange, action, arrived, call, seconds))
        except TimeoutError:
            return Performed(reply=self._timed_out(action, seconds, call))
        except CallAbandoned:
            return Performed(reply=self._left(action, call))
        except BadResult as error:
            return Performed(reply=self._bad_answer(action, error, call))

    async def _stream(
        self, exchange: Exchange, action: Action, arrived: Arrived, call: Call, seconds: float
    ) -> Reply:
        """Hand the directives of an answer over, one by one."""
        answer = {} if exchange.answer in (UNSET, None) else exchange.answer
        if exchange.answer_text is not None or not isinstance(answer, dict) or call.stream is None:
            raise ActionError(501, detail="What was recorded is no responder, and cannot be streamed.")
        stream = call.stream
        responder = stream.open(arrived, action, seconds=seconds, most=self.options.max_answer).responder
        for directive in answer.get("directives") or ():
            await asyncio.sleep(self._pace)
            responder.directives.append(directive)
            await responder.flush()
        said = {name: value for name, value in answer.items() if name != "directives" or value is not None}
        return Reply(status=_OK, body=encode(said), headers=_headers(exchange))


def _reply(exchange: Exchange) -> Reply:
    """Give an answer as it was."""
    given = {name.lower(): value for name, value in exchange.headers.items()}.get("content-type")
    media_type = JSON if exchange.status < _FAILED else PROBLEM
    if exchange.answer_text is not None:
        body, media_type = exchange.answer_text.encode(errors="replace"), b"text/plain; charset=utf-8"
    else:
        body = b"" if exchange.answer is UNSET else encode(exchange.answer)
    if given is not None and given.isascii():
        media_type = given.encode()
    return Reply(status=exchange.status, body=body, media_type=media_type, headers=_headers(exchange))


def _headers(exchange: Exchange) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(
        (name.lower().encode(), value.encode())
        for name, value in exchange.headers.items()
        if name.lower() not in _FRAMING and name.isascii() and value.isascii() and value.isprintable()
    )


def _too_much(unknown: list[str]) -> ActionError:
    return BadRequest(
        "The request has members that the contract does not know.",
        title="Invalid request",
        kind=INVALID,
        errors=[
            {"pointer": pointer, "detail": "is not known to the contract"}
            for pointer in unknown[:_MOST_UNKNOWN]
        ],
    )


async def _never_called(request: object, responder: object) -> None:
    """Stand in the catalogue; the host looks calls up instead."""


def _nothing() -> None:
    """Do nothing."""
