"""POST /action/stream: the events of a call, one a line (NDJSON), or framed for browsers (SSE)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mm_actions.server.calls.reply import Reply
from mm_actions.server.calls.streaming import Stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    from mm_actions.server.calls.host import Call, Host

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Head = Callable[[Reply], Message]

logger = logging.getLogger("mm_actions.server")

_FAREWELL = 1.0
_NO_BUFFERING = (b"x-accel-buffering", b"no")  # nginx would hold the lines back


class Framing(NamedTuple):
    """How events are told apart.

    Attributes:
        media_type: The Content-Type.
        form: Takes the kind of an event, and its JSON.
    """

    media_type: bytes
    form: bytes

    def event(self, kind: bytes, member: bytes, value: bytes) -> bytes:
        """Write one event."""
        return self.form % {b"kind": kind, b"json": b'{"event":"%b","%b":%b}' % (kind, member, value)}


NDJSON = Framing(b"application/x-ndjson", b"%(json)b\n")
SSE = Framing(b"text/event-stream", b"event: %(kind)b\ndata: %(json)b\n\n")


class StreamedCall:
    """A call whose directives leave as its handler produces them.

    What fails before the first line is answered like any other call; afterwards it is the last line.

    Args:
        host: Carries the call out.
        call: What was asked for.
        receive: Tells when the caller leaves.
    """

    def __init__(self, host: Host, call: Call, receive: Receive) -> None:
        self._host = host
        self._receive = receive
        self._framing = framing_of(call.headers.get(b"accept", b""))
        self._begun = False
        self._stream = Stream(self._pass_on)
        self._call = msgspec.structs.replace(call, stream=self._stream)

    async def carry_out(self, head: Head, send: Send) -> Reply | None:
        """Carry the call out, and answer it.

        Args:
            head: Makes the message that a response begins with.
            send: Takes the messages of ASGI.

        Returns:
            The answer, if none of it has been sent.
        """
        self._head, self._send = head, send
        watching = asyncio.ensure_future(self._watch())
        try:
            reply = await self._host.invoke(self._call)
        finally:
            self._stream.close()
            watching.cancel()
        if self._begun:
            await self._end(reply)
            return None
        return self._streamed(reply) if reply.status == 200 else reply  # noqa: PLR2004 - what a host answers

    def _streamed(self, reply: Reply) -> Reply:
        return msgspec.structs.replace(
            reply,
            body=self._last(reply),
            media_type=self._framing.media_type,
            headers=(*reply.headers, _NO_BUFFERING),
        )

    def _last(self, reply: Reply) -> bytes:
        """Write the events that are still missing; the directives of the answer begin with those sent."""
        if reply.status != 200:  # noqa: PLR2004 - as above
            return self._framing.event(b"error", b"problem", reply.body)
        missing = _decode(reply.body).directives[self._stream.sent :]
        return self._directives(missing) + self._framing.event(b"result", b"responder", reply.body)

    def _directives(self, directives: Sequence[msgspec.Raw]) -> bytes:
        event = self._framing.event
        return b"".join([event(b"directive", b"directive", bytes(directive)) for directive in directives])

    async def _watch(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._stream.leave()

    async def _pass_on(self, directives: Sequence[msgspec.Raw]) -> None:
        await self._write(self._directives(directives), more=True)

    async def _write(self, piece: bytes, *, more: bool) -> None:
        try:
            if not self._begun:
                begin = Reply(
                    status=200,
                    body=b"",
                    media_type=self._framing.media_type,
                    headers=(_NO_BUFFERING,),
                )
                await self._send(self._head(begin))
                self._begun = True
            await self._send({"type": "http.response.body", "body": piece, "more_body": more})
        except OSError:  # how other servers than uvicorn say it (ASGI 3, HTTP, 2.4)
            asyncio.get_running_loop().call_soon(self._stream.leave)

    async def _end(self, reply: Reply) -> None:
        if self._stream.left:
            return
        rest = self._stream.until - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(rest, _FAREWELL)):
                await self._write(self._last(reply), more=False)
        except TimeoutError:
            logger.warning("a stream was cut short: its reader does not read")


def framing_of(accept: bytes) -> Framing:
    """Choose the framing: SSE for those who ask for it and do not name the contract's own."""
    accepted = accept.lower()
    return SSE if SSE.media_type in accepted and NDJSON.media_type not in accepted else NDJSON


class _Answer(msgspec.Struct):
    directives: list[msgspec.Raw] = []


_decode = msgspec.json.Decoder(_Answer).decode
