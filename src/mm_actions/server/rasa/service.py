"""What the doors for Rasa assistants have in common, over HTTP and over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions.server.rasa.domains import shared_domains
from mm_actions.server.rasa.interruptions import Interruptions
from mm_actions.server.rasa.turn import RasaTurn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.server.options import ServerOptions
    from mm_actions.server.rasa.words import Words
    from mm_actions.server.registry import Registry


class RasaService:
    """The actions of a server, as Rasa assistants call them.

    Args:
        registry: The actions.
        options: The limits, and who may call.

    Attributes:
        interruptions: The calls that stream.
    """

    def __init__(self, registry: Registry, options: ServerOptions) -> None:
        self.registry = registry
        self.options = options
        self.interruptions = Interruptions(options.barge_in)
        self._domains = shared_domains()

    def turn(self, words: Words, headers: Mapping[bytes, bytes]) -> RasaTurn:
        """Make what reads and answers one call."""
        return RasaTurn(words, self.registry, self._domains, headers.get(b"authorization", b""))

    def admit(self, headers: Mapping[bytes, bytes], body: bytes = b"") -> None:
        """Refuse a caller that no guard wants.

        Raises:
            ActionError: 401 or 403.
        """
        for guard in self.options.guards:
            guard.admit_head(headers)
            guard.admit_body(headers, body)
