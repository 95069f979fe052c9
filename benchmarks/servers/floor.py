"""The floor: raw ASGI and msgspec, no check but the decoding."""

from __future__ import annotations

from typing import Any

import msgspec

from benchmarks.servers.uvicorned import serve

_decoder = msgspec.json.Decoder(dict[str, Any])
_ANSWER = {
    "directives": [{"name": "reply", "payload": {"text": "Hello."}, "type": "view"}],
    "frame": {"greeted": True},
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer a POST."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body"):
            break
    _decoder.decode(body)
    answer = msgspec.json.encode(_ANSWER)
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    serve(app)
