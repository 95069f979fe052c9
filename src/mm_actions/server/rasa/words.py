"""The form in which a call of a Rasa assistant travels: JSON here, Protocol Buffers in the gRPC room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from mm_actions.contract.codec import encode, parse
from mm_actions.dialects.rasa.wire import RasaCall
from mm_actions.errors import InvocationError
from mm_actions.server.calls.arrival import INVALID
from mm_actions.server.errors import BadRequest

if TYPE_CHECKING:
    from mm_actions.dialects.rasa.wire import RasaAnswer


class Received(NamedTuple):
    """A call as it was received.

    Attributes:
        call: The call, without its domain.
        domain: The domain as JSON, if it was sent: most calls, and many actions, do without.
    """

    call: RasaCall
    domain: bytes | None


class Words(Protocol):
    """Reads calls and writes answers."""

    def decode(self, body: bytes) -> Received:
        """Read a call.

        Raises:
            ActionError: It is none.
        """
        ...

    def encode(self, answer: RasaAnswer) -> bytes:
        """Write an answer.

        Raises:
            EncodingFailed: It holds what cannot be written.
        """
        ...


class JsonWords:
    """JSON, as it is posted to ``/webhook``."""

    def decode(self, body: bytes) -> Received:
        """Read a call; its domain is not looked into."""
        try:
            wire = parse(body, _Wire)
        except InvocationError as error:
            raise refused(f"The body is {error.cause}.") from error
        domain = bytes(wire.domain)
        if domain == b"null":
            domain = b""
        elif domain and not domain.startswith(b"{"):
            raise refused("The body's member `domain` must be an object.")
        call = RasaCall(
            next_action=wire.next_action,
            sender_id=wire.sender_id,
            tracker=wire.tracker or {},
            domain=msgspec.UNSET,
            domain_digest=wire.domain_digest,
            version=wire.version,
        )
        return Received(call, domain or None)

    def encode(self, answer: RasaAnswer) -> bytes:
        """Write an answer."""
        return encode(answer)


def refused(detail: str) -> BadRequest:
    """Make the error of a request that is not one of the protocol."""
    return BadRequest(detail, title="Invalid request", kind=INVALID)


class _Wire(msgspec.Struct):
    next_action: str | None = None
    sender_id: str | None = None
    tracker: dict[str, Any] | None = None
    domain: msgspec.Raw = msgspec.Raw()
    domain_digest: str | None = None
    version: str | None = None


JSON_WORDS = JsonWords()
