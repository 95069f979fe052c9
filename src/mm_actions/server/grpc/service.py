"""The calls of ``action_server_webhook.ActionService``, carried out by the same host as those over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import DecodeError

from mm_actions.core import exchange
from mm_actions.dialects.rasa import proto
from mm_actions.server.calls.host import Call
from mm_actions.server.calls.reply import problem, trace_id_of
from mm_actions.server.door.watching import watching
from mm_actions.server.errors import ActionError
from mm_actions.server.grpc.statuses import status_of
from mm_actions.server.grpc.streamed import GrpcStreamedCall
from mm_actions.server.grpc.words import PROTO_WORDS
from mm_actions.server.rasa.failures import failure_of
from mm_actions.server.rasa.words import refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from mm_actions.server.calls.reply import Reply
    from mm_actions.server.door.asgi import AsgiApp
    from mm_actions.server.rasa.failures import Failure

    Context = grpc.aio.ServicerContext[Any, Any]
    Headers = dict[bytes, bytes]
    Serve = Callable[[bytes, Headers, Context], Awaitable[bytes | None]]

_OK = 200
_LONGEST = 999_999_999


class _Failed(Exception):
    """A call has failed, and its caller may know why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class ActionService:
    """Serves Rasa assistants over gRPC.

    Messages are handed over as bytes, so that guards, limits and keys see what was sent.

    Args:
        app: The server, of which this is another door.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._service = app.rasa
        self._running: set[asyncio.Task[Reply]] = set()
        self._serving: set[asyncio.Task[Any]] = set()

    def handler(self) -> grpc.GenericRpcHandler:
        """Give what a gRPC server is to be told."""
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        methods: dict[str, Any] = {
            "Webhook": unary(self._served("Webhook", self._act)),
            "WebhookStream": stream(self._served("WebhookStream", self._stream)),
            "AckStreamChunks": unary(self._served("AckStreamChunks", self._interrupt)),
            "Actions": unary(self._served("Actions", self._list)),
        }
        return grpc.method_handlers_generic_handler(proto.SERVICE, methods)

    async def finish(self, seconds: float) -> None:
        """Wait for the calls in progress, but not for ever; also for those whose callers have left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._running or self._serving:
                    await asyncio.wait((*self._running, *self._serving))

    async def _act(self, request: bytes, headers: Headers, _context: Context) -> bytes:
        """Carry out an action; it goes on when its caller leaves, so that nothing is done by half."""
        turn = self._service.turn(PROTO_WORDS, headers)
        call = Call(body=request, headers=headers, started=_now(), dialect=turn)
        reply = await asyncio.shield(self._carry_out(call))
        if reply.status != _OK:
            raise _Failed(failure_of(reply, turn.name))
        return reply.body

    async def _stream(self, request: bytes, headers: Headers, context: Context) -> None:
        """Carry out an action whose chunks leave as it produces them."""
        turn = self._service.turn(PROTO_WORDS, headers)
        streamed = GrpcStreamedCall(turn, self._service.interruptions, context.write)
        call = Call(body=request, headers=headers, started=_now(), dialect=turn, stream=streamed.stream)
        try:
            reply = await asyncio.shield(self._carry_out(call))
        except asyncio.CancelledError:
            streamed.leave()
            raise
        finally:
            streamed.close()
        failure = await streamed.finish(reply)
        if failure is not None:
            raise _Failed(failure)

    async def _interrupt(self, request: bytes, _headers: Headers, _context: Context) -> bytes:
        """End what is streamed: the user has interrupted it."""
        try:
            response_id = proto.StreamChunkAck.FromString(request).response_id
        except DecodeError as error:
            raise refused("The message is not a StreamChunkAck.") from error
        self._service.interruptions.interrupt(response_id)
        return b""

    async def _list(self, _request: bytes, _headers: Headers, _context: Context) -> bytes:
        """Give the names of the actions."""
        names = (action.name for action in self._service.registry)
        written: bytes = proto.actions_message(names).SerializeToString()
        return written

    def _served(self, name: str, serve: Serve) -> Any:
        """Make a method of what answers it: with its guards, its watchers, and failures that leak nothing."""

        async def method(request: bytes, context: Context) -> bytes | None:
            headers = _headers_of(context)
            self._note(asyncio.current_task())
            with self._watched(name, headers, request) as seen:
                try:
                    self._service.admit(headers, request)
                    answer = await serve(request, headers, context)
                except _Failed as failed:
                    failure = failed.failure
                except ActionError as error:
                    trace_id = trace_id_of(headers.get(b"traceparent"))
                    failure = failure_of(problem(error, trace_id=trace_id), "")
                except Exception as error:  # noqa: BLE001 - gRPC would tell the caller what it says
                    failure = failure_of(self._app.host.fault(headers, None, error), "")
                else:
                    seen.status = _OK
                    seen.response_bytes = len(answer or b"")
                    return answer
                seen.status = failure.status
                return await context.abort(*status_of(failure))  # which raises

        return method

    def _carry_out(self, call: Call) -> asyncio.Task[Reply]:
        """Start a call that does not end with the caller's connection."""
        carried_out = asyncio.get_running_loop().create_task(self._app.host.invoke(call))
        self._running.add(carried_out)
        carried_out.add_done_callback(self._running.discard)
        return carried_out

    def _note(self, serving: asyncio.Task[Any] | None) -> None:
        """Know of a call until its answer has left."""
        if serving is not None:
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)

    @contextlib.contextmanager
    def _watched(self, method: str, headers: Headers, request: bytes) -> Iterator[exchange.Exchange]:
        """Tell those who watch HTTP exchanges of this one, which is one as well."""
        path = f"/{proto.SERVICE}/{method}"
        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "2",
            "scheme": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": list(headers.items()),
            "client": None,
            "server": None,
        }
        seen = exchange.Exchange(scope, path)
        seen.request_bytes = len(request)
        observers = (*self._app.observers, *exchange.everywhere)
        if not observers:
            yield seen
            return
        with watching(observers, seen):
            headers.update(scope["headers"])  # an observer may have given it others
            yield seen


def _headers_of(context: Context) -> Headers:
    """Give the metadata as headers, and the caller's deadline as the contract has it."""
    headers: Headers = {
        key.encode(): value if isinstance(value, bytes) else value.encode("latin-1", "replace")
        for key, value in context.invocation_metadata() or ()
    }
    remaining = context.time_remaining()
    if remaining is not None:
        headers[b"x-mm-timeout-ms"] = b"%d" % min(max(1, int(remaining * 1000)), _LONGEST)
    return headers


def _now() -> float:
    return asyncio.get_running_loop().time()
