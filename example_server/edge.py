"""The ASGI application in front of connexion.

connexion answers 500 to a POST without Content-Type and to a body that is not UTF-8, takes a chunked
request for an empty one, and knows no limit of size or depth. Here such requests end with the status
that the contract names; what passes is a complete, well-formed body of known length.
"""

from __future__ import annotations

import asyncio
import re
from email.message import Message as HeaderParser
from typing import TYPE_CHECKING

from example_server import body as bodies
from example_server.problems import MEDIA_TYPE, Problem, RefusedError
from example_server.replays import Replays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from example_server.access import Access

METHODS = {
    "/action": "POST",
    "/action/stream": "POST",
    "/actions": "GET",
    "/healthz": "GET",
    "/readyz": "GET",
}
_HEADERS = {"Idempotency-Key": re.compile(r".{1,255}"), "X-MM-Timeout-Ms": re.compile(r"[1-9][0-9]{0,8}")}
_REPLACED = {b"content-type", b"content-length", b"transfer-encoding"}
_OPEN = {"/healthz", "/readyz"}
_ALIASES = {"/": "/action", **{f"/v2{path}": path for path in METHODS}}


class ClientLeftError(Exception):
    """The client went away before its request was complete."""


class Edge:
    """Lets through what connexion can take.

    Args:
        app: The application behind.
        access: What a caller must show.
        max_body: The largest body in bytes.
    """

    def __init__(self, app: ASGIApp, access: Access, max_body: int = bodies.MAX_BODY) -> None:
        self._app = app
        self._access = access
        self._max_body = max_body
        self._replays = Replays()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path = scope.get("path", "").rstrip("/") or "/"
        path = _ALIASES.get(path, path)
        if scope["type"] != "http" or path not in METHODS:
            await self._app(scope, receive, send)
            return
        try:
            await self._operation({**scope, "path": path, "raw_path": path.encode()}, receive, send)
        except RefusedError as error:
            await send_problem(error.problem, send)
        except ClientLeftError:
            return

    async def _operation(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        path, method = scope["path"], METHODS[scope["path"]]
        if scope["method"] != method:
            raise RefusedError(Problem.of(405, f"Use {method}.", headers=(("Allow", method),)))
        if path not in _OPEN:
            self._access.check_token(headers)
        if method == "GET":
            if path not in _OPEN:
                self._access.check_signature(headers, b"")
            await self._app(scope, receive, send)
            return
        check_media_type(headers)
        check_headers(headers)
        body = await self._read(headers, receive)
        self._access.check_signature(headers, body)
        await asyncio.to_thread(bodies.check, body)
        kept = [pair for pair in scope["headers"] if pair[0] not in _REPLACED]
        # In lower case, since connexion hands the body of an "Application/JSON" on as bytes.
        own = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        complete = {**scope, "headers": [*kept, *own]}
        await self._once(headers.get("idempotency-key", ""), complete, body, _replay(body, receive), send)

    async def _read(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._max_body:
            raise _too_large(self._max_body)
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientLeftError
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._max_body:
                raise _too_large(self._max_body)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    async def _once(self, key: str, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        if not key:
            await self._app(scope, receive, send)
            return
        key = f"{scope['path']} {key}"
        stored = self._replays.begin(key, body)
        if stored:
            for message in stored:
                await send(message)
            return
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        try:
            await self._app(scope, receive, keep)
        finally:
            # Before the client has the answer, since it may repeat itself right after.
            self._replays.finish(key, answer)
        for message in answer:
            await send(message)


def check_media_type(headers: Mapping[str, str]) -> None:
    """Refuse a body that does not call itself JSON in UTF-8.

    Raises:
        RefusedError: 415.
    """
    parser = HeaderParser()
    parser["content-type"] = headers.get("content-type", "")
    charset = str(parser.get_param("charset", "utf-8")).casefold()
    named = headers.get("content-type", "").partition(";")[0].strip().casefold()
    if named != "application/json" or charset not in {"utf-8", "utf8"}:
        raise RefusedError(Problem.of(415, "Send application/json in UTF-8."))
    if headers.get("content-encoding", "identity").casefold() != "identity":
        raise RefusedError(Problem.of(415, "Send the body without Content-Encoding."))


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse headers that the contract does not allow, some of which connexion lets through.

    It takes an empty value for an absent one, and "{}" for an object that no pattern applies to.

    Raises:
        RefusedError: 400.
    """
    for name, allowed in _HEADERS.items():
        value = headers.get(name.lower())
        if value is not None and not allowed.fullmatch(value):
            raise RefusedError(Problem.of(400, f"The value of {name} is not one that the contract allows."))


async def send_problem(problem: Problem, send: Send) -> None:
    """Answer with a problem."""
    body = problem.body()
    own = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body)))]
    headers = [(name.lower().encode(), value.encode()) for name, value in (*own, *problem.headers)]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _too_large(limit: int) -> RefusedError:
    # The rest of the body stays unread, so the connection cannot be used again.
    detail = f"At most {limit} bytes."
    return RefusedError(Problem.of(413, detail, headers=(("Connection", "close"),)))


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_() -> Message:
        return pending.pop() if pending else await receive()

    return receive_
