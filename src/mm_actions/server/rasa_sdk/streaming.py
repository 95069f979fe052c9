"""The dispatcher of an action: what it is told to stream leaves by our own stream, chunk by chunk."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from rasa_sdk.executor import CollectingDispatcher

from mm_actions.dialects.rasa.chunks import directive_of_chunk
from mm_actions.server.calls.streaming import StreamedResponder

if TYPE_CHECKING:
    from collections.abc import Container

    from mm_actions.core.responder import DialogueResponder
    from mm_actions.dialects.rasa.chunks import Kind


class StreamingDispatcher(CollectingDispatcher):  # type: ignore[misc] # rasa_sdk has no types
    """Collects messages, and streams chunks to a caller that takes a stream; to others, they are messages.

    Every chunk gives the event loop a turn, whoever the caller is: an action that iterates something which
    never waits would otherwise keep its own chunks from leaving, and everybody else waiting.

    Args:
        responder: What the action answers with.
        interrupted: Ids of the streamed responses that the user has interrupted, now or later.
    """

    def __init__(self, responder: DialogueResponder, interrupted: Container[str] = ()) -> None:
        super().__init__()
        self._responder = responder if isinstance(responder, StreamedResponder) else None
        self._interrupted = interrupted
        self._response_id = ""
        self._active = False
        self._cancelled = False
        self._chunks: list[dict[str, Any]] = []

    @property
    def is_streaming_active(self) -> bool:
        """Whether a stream has been started and not ended."""
        return self._active

    @property
    def is_streaming_cancelled(self) -> bool:
        """Whether the user, or the action itself, has broken off the stream begun last."""
        return self._cancelled or self._response_id in self._interrupted

    def cancel_stream(self) -> None:
        """Drop what else is streamed, until another stream is started."""
        self._cancelled = True

    async def stream_start(self) -> None:
        """Begin a streamed response."""
        self._response_id = uuid.uuid4().hex
        self._active, self._cancelled, self._chunks = True, False, []
        await self._leave("chunk_start", {})

    async def stream_chunk(  # noqa: PLR0917 - the order of rasa_sdk
        self,
        text: str | None = None,
        image: str | None = None,
        json_message: dict[str, Any] | None = None,
        attachment: str | None = None,
        buttons: list[dict[str, Any]] | None = None,
        elements: list[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Stream a piece of a response; return when the caller has room for more.

        Raises:
            ValueError: A response of the domain is asked for, which cannot come in pieces.
        """
        if templates := sorted({"template", "response"} & kwargs.keys()):
            raise ValueError(f"a chunk is no {' or '.join(templates)} of the domain: use utter_message()")
        if self.is_streaming_cancelled:
            await asyncio.sleep(0)  # or an action that never waits could not be given up either
            return
        if not self._active:
            await self.stream_start()
        plain = {"text": text, "image": image, "attachment": attachment}
        chunk: dict[str, Any] = {name: value for name, value in plain.items() if value is not None}
        rich = {"custom": json_message, "buttons": buttons, "elements": elements}
        chunk |= {name: value for name, value in rich.items() if value}
        chunk |= kwargs
        self._chunks.append(chunk)
        await self._leave("chunk", chunk)

    async def stream_end(self) -> None:
        """End the streamed response; where the caller takes no stream, its chunks become messages now."""
        if not self._active:
            return
        self._active, chunks = False, self._chunks
        self._chunks = []
        if self._responder is None:
            for chunk in chunks:
                self.utter_message(**chunk)
        elif not self.is_streaming_cancelled:  # who interrupted it expects no more of it
            await self._leave("chunk_end", {})

    async def _leave(self, kind: Kind, body: dict[str, Any]) -> None:
        if self._responder is None:
            await asyncio.sleep(0)
            return
        self._responder.directives.append(
            directive_of_chunk(kind, {"response_id": self._response_id, **body})
        )
        await self._responder.flush()
