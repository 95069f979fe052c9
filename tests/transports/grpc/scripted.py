"""A gRPC server that answers as a test wants, in bytes, and remembers what it was asked."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc

from mm_actions.dialects.rasa.proto import METHODS, WebhookRequest, response_message
from mm_actions.dialects.rasa.wire import RasaAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = response_message(RasaAnswer()).SerializeToString()


class ScriptedService:
    """Carries out what a test gives it for each method.

    Attributes:
        port: Where it listens.
        requests: What ``Webhook`` and ``WebhookStream`` were asked, in order.
        metadata: What came with each of them.
    """

    def __init__(
        self,
        webhook: Callable[[Any, int], bytes] | None = None,
        stream: Callable[[Any, int], Iterator[bytes]] | None = None,
        ack: Callable[[bytes], None] | None = None,
    ) -> None:
        self._webhook, self._stream, self._ack = webhook, stream, ack
        self.requests: list[Any] = []
        self.metadata: list[dict[str, Any]] = []
        self._server = grpc.server(ThreadPoolExecutor(8))
        self._server.add_generic_rpc_handlers([self])
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def url(self) -> str:
        return f"grpc://127.0.0.1:{self.port}"

    def service(self, details: Any) -> Any:
        """Find what carries a method out; gRPC asks for it."""
        if details.method == METHODS["Webhook"] and self._webhook is not None:
            return grpc.unary_unary_rpc_method_handler(self._answer)
        if details.method == METHODS["WebhookStream"] and self._stream is not None:
            return grpc.unary_stream_rpc_method_handler(self._answer_in_pieces)
        if details.method == METHODS["AckStreamChunks"] and self._ack is not None:
            return grpc.unary_unary_rpc_method_handler(self._interrupted)
        return None

    def close(self) -> None:
        self._server.stop(None).wait(10)

    def _note(self, body: bytes, context: Any) -> int:
        self.requests.append(WebhookRequest.FromString(body))
        self.metadata.append(dict(context.invocation_metadata()))
        return len(self.requests)

    def _answer(self, body: bytes, context: Any) -> bytes:
        return self._webhook(context, self._note(body, context))

    def _answer_in_pieces(self, body: bytes, context: Any) -> Iterator[bytes]:
        yield from self._stream(context, self._note(body, context))

    def _interrupted(self, body: bytes, context: Any) -> bytes:
        self._ack(body)
        return b""


def status(code: grpc.StatusCode, details: str = "hunter2") -> Callable[[Any, int], bytes]:
    """Answer with a status."""

    def answer(context: Any, _number: int) -> bytes:
        context.abort(code, details)

    return answer


@contextlib.contextmanager
def scripted(**methods: Any) -> Iterator[ScriptedService]:
    service = ScriptedService(**methods)
    try:
        yield service
    finally:
        service.close()
