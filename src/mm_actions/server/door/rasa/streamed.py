"""``POST /webhook`` with ``Accept: application/x-ndjson``: chunks as they come, one event a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import encode
from mm_actions.server.door.streamed_call import NDJSON, StreamedCall
from mm_actions.server.rasa.chunks import Chunks
from mm_actions.server.rasa.failures import failure_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.server.calls.host import Call, Host
    from mm_actions.server.calls.reply import Reply
    from mm_actions.server.door.streamed_call import Head, Receive, Send
    from mm_actions.server.rasa.interruptions import Interruptions
    from mm_actions.server.rasa.turn import RasaTurn

_OK = 200


class RasaStreamedCall(StreamedCall):
    """A call whose chunks leave as its handler produces them; the last line is the rest of the answer.

    Args:
        host: Carries the call out.
        call: What was asked for.
        receive: Tells when the caller leaves.
        turn: The call's dialect.
        interruptions: Where the call can be interrupted.
    """

    def __init__(
        self, host: Host, call: Call, receive: Receive, turn: RasaTurn, interruptions: Interruptions
    ) -> None:
        super().__init__(host, call, receive)
        self._framing = NDJSON
        self._turn = turn
        self._chunks = Chunks(turn, interruptions, self._emit)
        self._stream = self._chunks.stream
        self._call = msgspec.structs.replace(call, stream=self._stream)

    async def carry_out(self, head: Head, send: Send) -> Reply | None:
        """Carry the call out, and answer it; a failure before the first line has a status of its own."""
        try:
            rest = await super().carry_out(head, send)
        finally:
            self._chunks.close()
        if rest is None or rest.status == _OK:
            return rest
        return failure_of(rest, self._turn.name).reply()

    async def _end(self, reply: Reply) -> None:
        if reply.status == _OK and not self._stream.left:
            await self._chunks.end()
        await super()._end(reply)

    def _last(self, reply: Reply) -> bytes:
        if self._chunks.given_up:
            return self._framing.event(b"final_result", b"final_result", self._chunks.rest())
        if reply.status == _OK:
            return self._framing.event(b"final_result", b"final_result", reply.body)
        failure = failure_of(reply, self._turn.name)
        members = {"action_name": failure.action, "message": failure.message, "status": failure.status}
        return self._framing.event(b"error", b"error", encode(members))

    async def _emit(self, kind: str, body: dict[str, Any]) -> None:
        name = kind.encode()
        await self._write(self._framing.event(name, name, encode(body)), more=True)


def wants_stream(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a caller takes a stream."""
    accept = headers.get(b"accept")
    return accept is not None and NDJSON.media_type in accept.lower()
