"""What of a turn travels to a Rasa action server, over HTTP and gRPC alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from mm_actions.config.rasa import RasaSettings
from mm_actions.dialects.rasa.calls import call_of
from mm_actions.dialects.rasa.domain import load_domain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mm_actions.config import ServerSettings
    from mm_actions.core.transport import Invocation
    from mm_actions.dialects.rasa.wire import RasaCall


class Parcel(NamedTuple):
    """The payload of a call: the same for every attempt.

    Attributes:
        call: The whole turn, by which the answer is read.
        first: What is sent of it, with the digest of the domain in the domain's place.
        body: ``first`` as it travels.
    """

    call: RasaCall
    first: RasaCall
    body: bytes


class Packing:
    """Decides what is sent: the configuration may leave out what an action does not look at.

    Args:
        settings: The server's.

    Raises:
        ConfigurationError: The domain's file cannot be read.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.rasa = settings.rasa or RasaSettings()
        self._history = settings.history
        self._parts = dict(self.rasa.actions)
        self.domain = load_domain(self.rasa.domain)
        self._selected = _selected_in(self.domain.content) if self.rasa.selective_domain else None

    def pack(self, invocation: Invocation) -> tuple[RasaCall, RasaCall]:
        """Give the whole turn, and what is sent first.

        An action that needs no domain is sent an empty one: servers take that for one, and do not ask again.
        """
        parts = self._parts_for(invocation.action)
        call = call_of(invocation, self._history if "events" in parts else 0)
        left_out = {
            member: empty for part, member, empty in _LEFT_OUT if part not in parts and member in call.tracker
        }
        tracker = {**call.tracker, **left_out} if left_out else call.tracker
        if "domain" in parts:
            return call, replace(call, tracker=tracker, domain_digest=self.domain.digest)
        return call, replace(call, tracker=tracker, domain={}, domain_digest=None)

    def _parts_for(self, action: str) -> Collection[str]:
        parts = self._parts.get(action, self.rasa.send)
        if self._selected is None or action in self._selected:
            return parts
        return tuple(part for part in parts if part != "domain")

    def with_domain(self, first: RasaCall) -> RasaCall:
        """Give what is sent to a server that does not know the domain."""
        return replace(first, domain=self.domain.content, domain_digest=self.domain.digest)


def _selected_in(domain: Mapping[str, Any]) -> frozenset[str]:
    """Find the actions that a domain wants to be sent itself: ``{action_book: {send_domain: true}}``."""
    declared = [action for action in domain.get("actions") or () if isinstance(action, dict)]
    return frozenset(
        name
        for action in declared
        for name, options in action.items()
        if isinstance(options, dict) and options.get("send_domain") is True
    )


_LEFT_OUT: tuple[tuple[str, str, Any], ...] = (("events", "events", ()), ("slots", "slots", {}))
