"""Exchanges in folders, and plain requests to whatever serves them."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from mm_actions import load_config

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path

JSON = {"Content-Type": "application/json"}


class Plain(NamedTuple):
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(action: str, text: str | None = None, **members: Any) -> dict[str, Any]:
    """The body of a call."""
    return {"action": action, "request": {"text": text, **members}, "responder": {}}


def reply(text: str) -> dict[str, Any]:
    """An answer that says something."""
    return {"directives": [{"name": "reply", "type": "view", "payload": {"text": text}}], "frame": {"a": 1}}


def send(
    url: str,
    body: Any = None,
    *,
    method: str = "POST",
    tls: ssl.SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
) -> Plain:
    """Send a JSON value, or bytes as they are."""
    parts = urlsplit(url)
    if tls is None:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    else:
        connection = http.client.HTTPSConnection("localhost", parts.port, timeout=20, context=tls)
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    try:
        connection.request(method, parts.path, data, {**JSON, **(headers or {})})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Plain(response.status, found, response.read())
    finally:
        connection.close()


def text_of(answer: Plain) -> str:
    """What the first directive of an answer says."""
    said: str = answer.json["directives"][0]["payload"]["text"]
    return said


def put(folder: Path, name: str, **members: Any) -> None:
    """Write an exchange."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(members), encoding="utf-8")


def documents(folder: Path) -> list[Any]:
    """The exchanges of a folder, in their order."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]


def settings_for(url: str, **options: Any) -> Any:
    return load_config({"url": url, **options}).server_of("")[1]


def exchange_raw(url: str, data: bytes) -> bytes:
    """Send bytes, and give all bytes that come back until the connection ends."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        client.sendall(data)
        found = b""
        while piece := client.recv(65536):
            found += piece
    return found


def post(body: bytes, *, close: bool = True, path: bytes = b"/action") -> bytes:
    end = b"Connection: close\r\n" if close else b""
    head = b"POST %b HTTP/1.1\r\nHost: me\r\nContent-Type: application/json\r\nX-Odd:  spaces \r\n" % path
    return head + end + b"Content-Length: %d\r\n\r\n" % len(body) + body
