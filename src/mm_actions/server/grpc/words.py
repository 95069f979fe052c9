"""Calls and answers as Protocol Buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from google.protobuf.message import DecodeError

from mm_actions.contract.codec import encode
from mm_actions.dialects.rasa import proto
from mm_actions.dialects.rasa.struct_codec import decode_struct
from mm_actions.errors import InvocationError
from mm_actions.server.rasa.words import Received, refused

if TYPE_CHECKING:
    from mm_actions.dialects.rasa.wire import RasaAnswer
    from mm_actions.server.errors import BadRequest
    from mm_actions.server.rasa.words import Wants


class ProtoWords:
    """Messages of ``action_server_webhook``; see :class:`mm_actions.server.rasa.words.Words`."""

    def decode(self, body: bytes, wants_events: Wants) -> Received:
        """Read a WebhookRequest."""
        try:
            message = proto.WebhookRequest.FromString(body)
            whole = wants_events(message.next_action)
            call = proto.call_of_message(message, read_event=None if whole else _event)
        except DecodeError as error:
            raise refused("The message is not a WebhookRequest.") from error
        except InvocationError as error:
            raise _unreadable(error) from error
        domain = None if call.domain is msgspec.UNSET else encode(call.domain)
        return Received(msgspec.structs.replace(call, domain=msgspec.UNSET), domain)

    def encode(self, answer: RasaAnswer) -> bytes:
        """Write a WebhookResponse."""
        written: bytes = proto.response_message(answer).SerializeToString()
        return written


def _event(written: bytes) -> dict[str, Any]:
    try:
        return decode_struct(written)
    except InvocationError as error:
        raise _unreadable(error) from error


def _unreadable(error: InvocationError) -> BadRequest:
    return refused(f"The message is {error.cause}.")


PROTO_WORDS = ProtoWords()
