"""A call that streams: its directives leave as Rasa's chunks, and the rest of its answer at the end."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.wire import Answer
from mm_actions.dialects.rasa.chunks import chunk_of_directive
from mm_actions.dialects.rasa.wire import acceptable
from mm_actions.server.calls.streaming import Stream
from mm_actions.server.rasa.turn import Streamed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mm_actions.server.rasa.interruptions import Interruptions
    from mm_actions.server.rasa.turn import RasaTurn

    Emit = Callable[[str, dict[str, Any]], Awaitable[None]]

logger = logging.getLogger("mm_actions.server")


class Chunks:
    """Says what an action flushes, piece by piece.

    A directive of type ``stream`` is a piece of a response, as the action cut it. Any other that has words in
    Rasa is a whole response: it begins, is one chunk, and ends. Events, and responses of the domain, which
    only the assistant can put into words, are left for the end. After an interruption nothing is said.

    Args:
        turn: The call.
        interruptions: Where its responses can be interrupted.
        emit: Sends ``chunk_start``, ``chunk`` or ``chunk_end``, and returns when there is room for more.

    Attributes:
        stream: Where the call's directives go.
        interrupted: Whether the user has interrupted what is said.
        given_up: Whether the action did not end in time after that.
    """

    def __init__(self, turn: RasaTurn, interruptions: Interruptions, emit: Emit) -> None:
        self._turn = turn
        self._interruptions = interruptions
        self._emit = emit
        self._open: str | None = None
        self._ids: set[str] = set()
        self._streamed = turn.streamed = Streamed()
        self.stream = Stream(self._pass_on)
        self.interrupted = False
        self.given_up = False

    def interrupt(self) -> None:
        """Say no more; the action's dispatcher learns of it as well."""
        self.interrupted = True
        self._tell()

    def give_up(self) -> None:
        """End the action: its answer will be what it has said so far."""
        logger.warning("action %r did not end in time after it was interrupted", self._turn.name)
        self.given_up = True
        self.stream.give_up()

    async def end(self) -> None:
        """End a response that its action has left open."""
        if self._open is not None and not self.interrupted:
            await self._emit("chunk_end", {"response_id": self._open})
        self._open = None

    def close(self) -> None:
        """Be no longer there to be interrupted."""
        self.stream.close()
        self._interruptions.close(self, self._ids)

    def rest(self) -> bytes:
        """Give what there is of an answer of an action that was given up."""
        return self._turn.written(acceptable(self._streamed.kept))

    async def _pass_on(self, directives: Sequence[msgspec.Raw]) -> None:
        plain: list[dict[str, Any]] = []
        for directive in map(_directive.decode, directives):
            chunk = chunk_of_directive(directive)
            if chunk is None:
                plain.append(directive)
                continue
            await self._say(plain)
            plain = []
            await self._piece(*chunk)
        await self._say(plain)
        self._streamed.count += len(directives)

    async def _piece(self, kind: str, body: dict[str, Any]) -> None:
        given = body.pop("response_id", None)
        if kind == "chunk_start" or (kind == "chunk" and self._open is None):
            await self.end()
            await self._begin(given)
        if kind != "chunk_start" and self._open is not None and not self.interrupted:
            await self._emit(kind, {"response_id": self._open, **body})
        if kind == "chunk_end":
            self._open = None

    async def _say(self, directives: list[dict[str, Any]]) -> None:
        """Say whole responses."""
        if not directives:
            return
        said = self._turn.said(Answer(directives=directives))
        self._streamed.kept.events += said.events
        for response in said.responses:
            if response.get("response") or response.get("template"):
                self._streamed.kept.responses.append(response)
                continue
            await self.end()
            await self._begin(None)
            body = {name: value for name, value in response.items() if value}
            if not self.interrupted:
                await self._emit("chunk", {"response_id": self._open, **body})
            await self.end()

    async def _begin(self, response_id: Any) -> None:
        self._open = response_id if isinstance(response_id, str) and response_id else uuid.uuid4().hex
        self._ids.add(self._open)
        if self.interrupted:
            self._tell()
            return
        self._interruptions.open(self._open, self)
        await self._emit("chunk_start", {"response_id": self._open})

    def _tell(self) -> None:
        if self._turn.responder is not None:
            self._turn.responder.interrupted.update(self._ids)


_directive = msgspec.json.Decoder(dict[str, Any])
