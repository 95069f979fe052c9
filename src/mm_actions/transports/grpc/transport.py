"""Rasa's action server protocol over gRPC."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from msgspec.structs import replace

from mm_actions.dialects.rasa.proto import (
    ActionsRequest,
    ActionsResponse,
    action_names_of_message,
    request_message,
)
from mm_actions.errors import ConfigurationError, DeadlineExceeded, DomainMissing, InvocationError, Sent
from mm_actions.transports.grpc.channels import Channels
from mm_actions.transports.grpc.failures import NoSuchMethod, error_of
from mm_actions.transports.grpc.messages import StreamedAnswer, read_answer, read_message
from mm_actions.transports.grpc.streams import AsyncEvents, BlockingEvents, was_cancelled
from mm_actions.transports.http.auth import SIGNATURE, fixed_headers, signer
from mm_actions.transports.http.correlation import call_headers
from mm_actions.transports.http.failures import connection_lost
from mm_actions.transports.rasa.answers import items_of
from mm_actions.transports.rasa.parcel import Packing, Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mm_actions.config import ServerSettings
    from mm_actions.contract.events import Item
    from mm_actions.contract.wire import Answer
    from mm_actions.core.transport import AsyncEventStream, Call, EventStream, Invocation

    Metadata = tuple[tuple[str, str], ...]


class GrpcTransport:
    """Calls the ``ActionService`` of one server.

    The domain is named by its digest; a server that does not know it is sent it, once.

    Args:
        settings: The server's.
        wall_clock: Unix time in seconds, for signatures.

    Raises:
        ConfigurationError: A file cannot be used, or a setting is of no meaning to gRPC.
    """

    def __init__(self, settings: ServerSettings, *, wall_clock: Callable[[], float] = time.time) -> None:
        self._packing = Packing(settings)
        rasa = self._packing.rasa
        token = ((rasa.token_name, rasa.token.reveal()),) if rasa.token else ()
        self._common = _metadata((*settings.headers, *fixed_headers(settings), *token))
        self._sign = signer(settings, wall_clock)
        self._compression = grpc.Compression.Gzip if rasa.compress else None
        self._channels = Channels(settings)

    def encode(self, invocation: Invocation) -> Parcel:
        """Write what is sent first."""
        call, first = self._packing.pack(invocation)
        return Parcel(call, first, request_message(first).SerializeToString())

    def send(self, call: Call) -> Answer:
        """Call and read the answer, blocking."""
        ends = time.monotonic() + call.timeout
        try:
            return self._send(call, call.payload.body, call.timeout)
        except DomainMissing as error:
            body, timeout = self._with_domain(call, ends, error)
        return self._send(call, body, timeout)

    async def send_async(self, call: Call) -> Answer:
        """Call and read the answer."""
        ends = time.monotonic() + call.timeout
        try:
            return await self._send_async(call, call.payload.body, call.timeout)
        except DomainMissing as error:
            body, timeout = self._with_domain(call, ends, error)
        return await self._send_async(call, body, timeout)

    def stream(self, call: Call) -> EventStream:
        """Call, and read the answer as it arrives, blocking; an old server gives it in one piece.

        Raises:
            InvocationError: As :meth:`send`.
        """
        ends = time.monotonic() + call.timeout
        try:
            return self._stream(call, call.payload.body, call.timeout)
        except DomainMissing as error:
            body, timeout = self._with_domain(call, ends, error)
        except NoSuchMethod:
            return _InOnePiece(self.send(replace(call, timeout=_left(ends))))
        return self._stream(call, body, timeout)

    async def stream_async(self, call: Call) -> AsyncEventStream:
        """Call, and read the answer as it arrives; otherwise as :meth:`stream`."""
        ends = time.monotonic() + call.timeout
        try:
            return await self._stream_async(call, call.payload.body, call.timeout)
        except DomainMissing as error:
            body, timeout = self._with_domain(call, ends, error)
        except NoSuchMethod:
            return _InOnePieceAsync(await self.send_async(replace(call, timeout=_left(ends))))
        return await self._stream_async(call, body, timeout)

    def catalogue(self, seconds: float) -> list[str]:
        """Ask for the names of the server's actions, blocking.

        Raises:
            InvocationError: It did not tell.
        """
        with self._translating(seconds):
            body = self._channels.blocking().actions(_NOTHING, timeout=seconds, metadata=self._common)
        return _names_in(body)

    def action_names(self, seconds: float) -> Sequence[str]:
        """Ask for the names of the server's actions; empty when it does not tell."""
        try:
            return self.catalogue(seconds)
        except InvocationError:
            return ()

    async def action_names_async(self, seconds: float) -> Sequence[str]:
        """As :meth:`action_names`, without blocking the event loop."""
        try:
            lane = await self._channels.on_loop()
            with self._translating(seconds):
                body = await lane.actions(_NOTHING, timeout=seconds, metadata=self._common)
            return _names_in(body)
        except InvocationError:
            return ()

    def close(self) -> None:
        """Close the channels; calls that are under way end."""
        self._channels.close()

    def _send(self, call: Call, body: bytes, seconds: float) -> Answer:
        options = self._options(call, body, seconds)
        with self._translating(seconds):
            answer = self._channels.blocking().webhook(body, **options)
        return read_answer(call.payload.call, answer)

    async def _send_async(self, call: Call, body: bytes, seconds: float) -> Answer:
        options = self._options(call, body, seconds)
        lane = await self._channels.on_loop()
        with self._translating(seconds):
            answer = await lane.webhook(body, **options)
        return read_answer(call.payload.call, answer)

    def _stream(self, call: Call, body: bytes, seconds: float) -> BlockingEvents:
        options = self._options(call, body, seconds)
        with self._translating(seconds):
            lane = self._channels.blocking()
            rpc = lane.stream(body, **options)
        events = BlockingEvents(rpc, self._answer(call), self._explainer(seconds), lane.ack, self._common)
        events.wait()
        return events

    async def _stream_async(self, call: Call, body: bytes, seconds: float) -> AsyncEvents:
        options = self._options(call, body, seconds)
        lane = await self._channels.on_loop()
        with self._translating(seconds):
            rpc = lane.stream(body, **options)
        events = AsyncEvents(rpc, self._answer(call), self._explainer(seconds), lane.ack, self._common)
        await events.wait()
        return events

    def _answer(self, call: Call) -> StreamedAnswer:
        return StreamedAnswer(call.payload.call, limit=self._channels.options.max_response_bytes)

    def _with_domain(self, call: Call, ends: float, error: DomainMissing) -> tuple[bytes, float]:
        """Give what is sent to a server that asks for the domain, and the seconds that are left for it."""
        first = call.payload.first
        if first.domain_digest is None:
            raise error
        return request_message(self._packing.with_domain(first)).SerializeToString(), _left(ends)

    def _options(self, call: Call, body: bytes, timeout: float) -> dict[str, Any]:
        own = [(name.lower(), value) for name, value in call_headers(call)]
        if self._sign is not None:
            own.append((SIGNATURE.lower(), self._sign(body)))
        return {"metadata": (*self._common, *own), "timeout": timeout, "compression": self._compression}

    @contextlib.contextmanager
    def _translating(self, timeout: float) -> Iterator[None]:
        """Let no exception of gRPC through."""
        try:
            yield
        except (grpc.RpcError, grpc.aio.UsageError, ValueError, asyncio.CancelledError) as error:
            if was_cancelled(error):
                raise
            raise self._explainer(timeout)(error, False) from None

    def _explainer(self, timeout: float) -> Callable[[Any, bool], InvocationError]:
        """Make what translates the exceptions of a call; their texts may be the server's."""

        def explain(error: Any, answered: bool) -> InvocationError:
            if isinstance(error, grpc.RpcError):
                return error_of(
                    error.code(),
                    error.details() or "",
                    host=self._channels.host,
                    options=self._channels.options,
                    timeout=timeout,
                    answered=answered,
                )
            if isinstance(error, asyncio.CancelledError):
                return connection_lost("this side closed it", Sent.MAYBE)
            return connection_lost("this side closed it before", Sent.NO)

        return explain


class _InOnePiece:
    """An answer that came in one piece, as a stream."""

    def __init__(self, answer: Answer) -> None:
        self._items = items_of(answer)

    def next(self) -> Item:
        """Give the next item."""
        return next(self._items)

    def close(self) -> None:
        """Do nothing: the call has ended."""


class _InOnePieceAsync(_InOnePiece):
    async def next(self) -> Item:  # type: ignore[override] # the same for an event loop
        """Give the next item."""
        return next(self._items)


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded("the time for the call was up before it could be sent anew", sent=Sent.NO)
    return left


def _names_in(body: bytes) -> list[str]:
    return action_names_of_message(read_message(ActionsResponse, body))


def _metadata(headers: Sequence[tuple[str, str]]) -> Metadata:
    """Write headers as gRPC takes them.

    Raises:
        ConfigurationError: It would not take one.
    """
    for name, value in headers:
        if name.lower().startswith("grpc-") or name.lower().endswith("-bin"):
            raise ConfigurationError(f"the header {name} belongs to gRPC itself: name it otherwise")
        if not (value.isascii() and value.isprintable()):
            raise ConfigurationError(f"the header {name} holds what gRPC cannot carry: write printable ASCII")
    return tuple((name.lower(), value) for name, value in headers)


def open_transport(settings: ServerSettings) -> GrpcTransport:
    """Make the transport for a server.

    Raises:
        ConfigurationError: A file cannot be used, or a setting is of no meaning to gRPC.
    """
    return GrpcTransport(settings)


_NOTHING = ActionsRequest().SerializeToString()
