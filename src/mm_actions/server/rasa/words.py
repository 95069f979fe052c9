"""The form in which a call of a Rasa assistant travels: JSON here, Protocol Buffers in the gRPC room."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from mm_actions.contract.codec import encode, parse
from mm_actions.dialects.rasa.later import Events
from mm_actions.dialects.rasa.wire import RasaCall
from mm_actions.errors import InvocationError
from mm_actions.server.calls.arrival import INVALID
from mm_actions.server.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.dialects.rasa.wire import RasaAnswer

    Wants = Callable[[str | None], bool]


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

    def decode(self, body: bytes, wants_events: Wants) -> Received:
        """Read a call.

        Args:
            body: What was sent.
            wants_events: Tells whether the action of a name is given a tracker with a list of events, such as
                it is sent. For others the events are read when they are looked at.

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

    def decode(self, body: bytes, wants_events: Wants) -> Received:
        """Read a call; its domain is not looked into."""
        named = _NAME.match(body)
        name = None if named is None else named[1].decode("utf-8", "replace")
        wire: _Wire | None = None if wants_events(name) else _briefly(body)
        if wire is None or wire.next_action != name:
            try:
                wire = parse(body, _Wire)
            except InvocationError as error:
                raise refused(f"The body is {error.cause}.") from error
        tracker: Any = wire.tracker
        if isinstance(tracker, _Tracker):
            tracker = tracker.members()
        domain = bytes(wire.domain)
        if domain == b"null":
            domain = b""
        elif domain and not domain.startswith(b"{"):
            raise refused("The body's member `domain` must be an object.")
        call = RasaCall(
            next_action=wire.next_action,
            sender_id=wire.sender_id,
            tracker=tracker or {},
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


class _Tracker(msgspec.Struct, omit_defaults=True):
    """The members of the protocol; what these may hold, nobody has looked at yet."""

    sender_id: Any = msgspec.UNSET
    slots: Any = msgspec.UNSET
    latest_message: Any = msgspec.UNSET
    latest_event_time: Any = msgspec.UNSET
    followup_action: Any = msgspec.UNSET
    paused: Any = msgspec.UNSET
    events: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    latest_input_channel: Any = msgspec.UNSET
    active_loop: Any = msgspec.UNSET
    latest_action: Any = msgspec.UNSET
    latest_action_name: Any = msgspec.UNSET
    stack: Any = msgspec.UNSET
    user_id: Any = msgspec.UNSET

    def members(self) -> dict[str, Any]:
        """Give those that were sent."""
        members = {
            name: value
            for name, value in zip(_NAMES, _values(self), strict=True)
            if value is not msgspec.UNSET
        }
        if self.events:
            members["events"] = Events(self.events, _event)
        return members


_NAMES = _Tracker.__struct_fields__
_values = attrgetter(*_NAMES)


class _Brief(_Wire):
    tracker: _Tracker | None = None  # type: ignore[assignment] # pyright: ignore[reportIncompatibleVariableOverride] - only decoded


def _briefly(body: bytes) -> _Brief | None:
    """Read all but the events; None where that cannot be done."""
    try:
        return parse(body, _Brief)
    except InvocationError:
        return None


def _event(written: msgspec.Raw) -> Any:
    try:
        return _any.decode(written)
    except (msgspec.DecodeError, RecursionError) as error:  # what skipping it did not see
        raise refused("An event of the tracker cannot be read.") from error


_NAME = re.compile(rb'\s*\{\s*"next_action"\s*:\s*"([^"\\]*)"')
"""Where Rasa names the action. What is named elsewhere is read whole, and found then."""
_any = msgspec.json.Decoder()
JSON_WORDS = JsonWords()
