"""Calls and answers as Protocol Buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from google.protobuf.message import DecodeError

from mm_actions.contract.codec import encode
from mm_actions.dialects.rasa import proto
from mm_actions.errors import InvocationError
from mm_actions.server.rasa.words import Received, refused

if TYPE_CHECKING:
    from mm_actions.dialects.rasa.wire import RasaAnswer


class ProtoWords:
    """Messages of ``action_server_webhook``; see :class:`mm_actions.server.rasa.words.Words`."""

    def decode(self, body: bytes) -> Received:
        """Read a WebhookRequest."""
        try:
            call = proto.call_of_message(proto.WebhookRequest.FromString(body))
        except DecodeError as error:
            raise refused("The message is not a WebhookRequest.") from error
        except InvocationError as error:
            raise refused(f"The message is {error.cause}.") from error
        domain = None if call.domain is msgspec.UNSET else encode(call.domain)
        return Received(msgspec.structs.replace(call, domain=msgspec.UNSET), domain)

    def encode(self, answer: RasaAnswer) -> bytes:
        """Write a WebhookResponse."""
        written: bytes = proto.response_message(answer).SerializeToString()
        return written


PROTO_WORDS = ProtoWords()
