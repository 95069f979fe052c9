"""What a stream has said so far, over HTTP and gRPC alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from mm_actions.dialects.rasa.chunks import directive_of_chunk
from mm_actions.transports.rasa.answers import said

if TYPE_CHECKING:
    from mm_actions.contract.events import Item
    from mm_actions.dialects.rasa.wire import RasaAnswer, RasaCall

CHUNKS: Final = frozenset(("chunk_start", "chunk", "chunk_end"))
"""The events that are parts of a message."""


class Spoken:
    """What a stream has said so far, of which the answer at its end is made.

    Args:
        call: What was asked.
    """

    def __init__(self, call: RasaCall) -> None:
        self._call = call
        self._directives: list[dict[str, Any]] = []

    @property
    def begun(self) -> bool:
        """Whether it has said anything yet."""
        return bool(self._directives)

    def chunk(self, kind: Any, body: dict[str, Any]) -> dict[str, Any]:
        """Take in a part of a message; give it as a directive."""
        directive = directive_of_chunk(kind, body)
        self._directives.append(directive)
        return directive

    def items(self, result: RasaAnswer) -> list[Item]:
        """Give what the result adds, and last the whole answer: with what was said before it.

        Raises:
            SchemaMismatch: The result is not what a Rasa action server answers.
        """
        answer = said(self._call, result)
        added = answer.directives or []
        whole = msgspec.structs.replace(answer, directives=[*self._directives, *added])
        return [*added, whole]
