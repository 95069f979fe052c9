"""Exchanges for people and programs: cut to a readable length, and without a secret."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_actions.conformance.exchange import Exchange, Headers, SentRequest
    from mm_actions.conformance.target import Target

LONGEST_BODY = 2000
"""Characters of a body in a document."""
READABLE_BODY = 600
"""Characters of a body for people."""
_LONGEST_ARGUMENT = 8000
_HIDDEN = "***"
_SECRET_HEADERS = {
    "authorization",
    "proxy-authorization",
    "x-mm-signature",
    "cookie",
    "set-cookie",
    "x-api-key",
}
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b"\\%'")
_NOT_OF_INTEREST = ("user-agent", "accept")
_SHORTEST_SECRET = 4  # anything shorter would hide half of the text


class Shown:
    """Shows the exchanges with one server.

    Args:
        target: The server; whatever was given to be let in is hidden.
    """

    def __init__(self, target: Target) -> None:
        settings = target.settings
        self._target = target
        self._names = _SECRET_HEADERS | {name.lower() for name, _ in settings.headers}
        values = [target.bearer, target.hmac_secret, *(value for _, value in settings.headers)]
        self._secrets = [value for value in values if value and len(value) >= _SHORTEST_SECRET]

    def text(self, text: str) -> str:
        """Hide every secret in a text."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    def document(self, exchange: Exchange) -> dict[str, Any]:
        """Give an exchange for programs."""
        request, response = exchange.request, exchange.response
        return {
            "request": {
                "method": request.method,
                "url": self.text(self._url(request)),
                "headers": self._headers(request.headers),
                "body": self._body(request.body, request.size),
                "size": request.size,
            },
            "response": None
            if response is None
            else {
                "status": response.status,
                "headers": self._headers(response.headers),
                "body": self._body(response.body, len(response.body)),
                "size": len(response.body),
            },
            "error": exchange.error,
            "elapsed": round(exchange.elapsed, 3),
            "curl": self.curl(request),
        }

    def lines(self, exchange: Exchange) -> list[str]:
        """Give an exchange as it went over the wire, for people."""
        request, response = exchange.request, exchange.response
        shown = [f"> {request.method} {self.text(request.path)} HTTP/1.1"]
        shown += [f"> {name}: {value}" for name, value in self._headers(request.headers)]
        shown += _marked(">", self._body(request.body, request.size, READABLE_BODY))
        if response is None:
            return [*shown, f"< ({exchange.error})"]
        shown.append(f"< HTTP/1.1 {response.status} {self.text(response.phrase)}".rstrip())
        shown += [f"< {name}: {value}" for name, value in self._headers(response.headers)]
        return shown + _marked("<", self._body(response.body, len(response.body), READABLE_BODY))

    def curl(self, request: SentRequest) -> str:
        """Write the curl command that sends the same; secrets are variables in it."""
        pieces = ["curl -sS -i --max-time 10"]
        if request.method != "GET":
            pieces.append(f"-X {request.method}")
        pieces += self._tls()
        pieces += [
            self._curl_header(name, value)
            for name, value in request.headers
            if name.lower() not in _NOT_OF_INTEREST
        ]
        if request.chunked:
            pieces.append("-H 'Transfer-Encoding: chunked'")
        before = after = ""
        if request.method != "GET":
            if not any(name.lower() == "content-type" for name, _ in request.headers):
                pieces.append("-H 'Content-Type:'")
            if request.size > min(len(request.body), _LONGEST_ARGUMENT):
                data, after = "@body", f"  # body: a file of {request.size} bytes"
            else:
                data, before = self._data(request.body)
            pieces.append(f"--data-binary {data}")
        return before + " ".join([*pieces, shlex.quote(self._url(request))]) + after

    def _data(self, body: bytes) -> tuple[str, str]:
        """Give the data for curl, and a command before it when they are no text."""
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" not in text:
            return shlex.quote(self.text(text)), ""
        octal = "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in body)
        return "@-", f"printf '{octal}' | "

    def _curl_header(self, name: str, value: str) -> str:
        if name.lower() in self._names:
            variable = "".join(mark if mark.isalnum() else "_" for mark in name).upper()
            return f'-H "{name}: $MM_{variable}"'
        return "-H " + shlex.quote(f"{name}: {value}" if value else f"{name};")

    def _tls(self) -> list[str]:
        settings = self._target.settings
        files = (
            ("--cacert", settings.cert),
            ("--cert", settings.public_key),
            ("--key", settings.private_key),
        )
        pieces = [f"{option} {shlex.quote(str(file))}" for option, file in files if file is not None]
        return pieces if settings.verify else [*pieces, "--insecure"]

    def _url(self, request: SentRequest) -> str:
        return f"{self._target.origin}{request.path}"

    def _headers(self, headers: Headers) -> list[list[str]]:
        return [
            [name, _HIDDEN if name.lower() in self._names else self.text(value)] for name, value in headers
        ]

    def _body(self, body: bytes, size: int, most: int = LONGEST_BODY) -> str:
        text = self.text(body[: 4 * most].decode("utf-8", "backslashreplace"))
        return text if size <= 4 * most and len(text) <= most else f"{text[:most]}… ({size} bytes)"


def _marked(mark: str, body: str) -> list[str]:
    return [mark, *(f"{mark} {line}" for line in body.split("\n"))] if body else []
