"""One request and its response on uvicorn, with a short way for what is common: one message in, one out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    Message = MutableMapping[str, Any]

_OK = 200
_LARGE = 65_536
"""Bytes of a body that are not worth copying for the sake of one write."""


class WholeCycle(RequestResponseCycle):
    """Sends the head of a response together with its body.

    Two writes are two segments, and wake the client twice: 3 of the 60 µs of a trivial action. What is not a
    whole answer with status 200, such as a stream, goes uvicorn's own way.
    """

    _start: Any = None

    async def receive(self) -> Any:
        """Give what has arrived, without waiting if that is all."""
        if self.more_body or self.waiting_for_100_continue or not self.message_event.is_set():
            return await super().receive()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        self.message_event.clear()
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Any) -> None:
        """Keep a head back until what follows it is known."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if (whole := self._whole(start, message)) is not None:
                self._write(whole)
                return
            await super().send(start)
        await super().send(message)

    def _whole(self, start: Message, message: Message) -> bytes | None:
        """Join head and body, if that is all and nothing about it is special."""
        if (
            start["status"] != _OK
            or message.get("more_body")
            or not self.keep_alive
            or self.disconnected
            or self.flow.write_paused
            or self.scope["method"] == "HEAD"
        ):
            return None
        body: bytes = message["body"]
        headers = [*self.default_headers, *start["headers"]]
        if len(body) > _LARGE or (b"content-length", b"%d" % len(body)) not in headers:
            return None
        head = b"".join([b"%b: %b\r\n" % header for header in headers])
        if b"connection: " in head or not head.count(b"\r") == head.count(b"\n") == len(headers):
            return None
        return b"HTTP/1.1 200 OK\r\n%b\r\n%b" % (head, body)

    def _write(self, whole: bytes) -> None:
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(whole)
        self.message_event.set()
        self.on_response()
