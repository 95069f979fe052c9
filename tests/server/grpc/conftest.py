from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.server.conftest import PATIENCE
from tests.server.rasa.conftest import call_of

from mm_actions.dialects.rasa import proto
from mm_actions.dialects.rasa.wire import RasaCall
from mm_actions.server import ActionServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Stub:
    """What an assistant has of an action server over gRPC."""

    def __init__(self, channel: grpc.Channel) -> None:
        def at(kind: Any, name: str, request: Any, response: Any) -> Any:
            return kind(f"/{proto.SERVICE}/{name}", request.SerializeToString, response.FromString)

        self.channel = channel
        self.webhook = at(channel.unary_unary, "Webhook", proto.WebhookRequest, proto.WebhookResponse)
        self.webhook_stream = at(
            channel.unary_stream, "WebhookStream", proto.WebhookRequest, proto.WebhookStreamEvent
        )
        self.ack = at(channel.unary_unary, "AckStreamChunks", proto.StreamChunkAck, proto.Empty)
        self.actions = at(channel.unary_unary, "Actions", proto.ActionsRequest, proto.ActionsResponse)

    def act(self, action: str | None, metadata: Any = None, timeout: float = PATIENCE, **members: Any) -> Any:
        answer = self.webhook(request_of(action, **members), timeout=timeout, metadata=metadata)
        return proto.answer_of_message(answer)

    def stream(self, action: str, timeout: float = PATIENCE, **members: Any) -> Any:
        return self.webhook_stream(request_of(action, **members), timeout=timeout)

    def interrupt(self, response_id: str) -> None:
        self.ack(proto.StreamChunkAck(response_id=response_id), timeout=PATIENCE)


def request_of(action: str | None, **members: Any) -> Any:
    return proto.request_message(RasaCall(**call_of(action, **members)))


def event(message: Any) -> tuple[str, Any]:
    found = proto.event_of_message(message)
    assert found is not None
    return found


def refused(call: Any, *arguments: Any, **members: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as failure:
        list(answer if hasattr(answer := call(*arguments, **members), "__iter__") else [answer])
    return failure.value


@pytest.fixture
def server() -> ActionServer:
    return ActionServer(drain=0, grace=5, loop_alarm=0)


@pytest.fixture
def connect() -> Iterator[Callable[[str], Stub]]:
    with ExitStack() as channels:

        def connect(url: str) -> Stub:
            scheme, _, address = url.partition("://")
            assert scheme == "grpc"
            return Stub(channels.enter_context(grpc.insecure_channel(address)))

        yield connect


@pytest.fixture
def stub(server: ActionServer, connect: Callable[[str], Stub]) -> Iterator[Callable[[], Stub]]:
    """Serve once the test has registered its actions."""
    with ExitStack() as running:
        yield lambda: connect(running.enter_context(server.in_thread(grpc_port=0)).grpc_url)
