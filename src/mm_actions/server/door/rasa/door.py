"""``POST /webhook`` and what belongs to it, as Rasa assistants expect it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec

from mm_actions.contract.codec import encode, parse
from mm_actions.errors import InvocationError
from mm_actions.server.calls.host import Call
from mm_actions.server.calls.reply import Reply, problem, trace_id_of
from mm_actions.server.door.body import read_body
from mm_actions.server.door.rasa.inflating import plain_body
from mm_actions.server.door.rasa.streamed import RasaStreamedCall, wants_stream
from mm_actions.server.errors import ActionError
from mm_actions.server.rasa.failures import failure_of
from mm_actions.server.rasa.words import JSON_WORDS, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.server.calls.host import Host
    from mm_actions.server.door.asgi import AsgiApp, Headers, Receive, Route, Scope
    from mm_actions.server.rasa.turn import RasaTurn

_ALIVE = Reply(status=200, body=b'{"status":"ok"}')
_NOTHING = Reply(status=204, body=b"")


class RasaDoor:
    """Answers Rasa assistants, over HTTP.

    Args:
        app: What is served.

    Attributes:
        posts: What answers POST, by path.
        gets: What answers GET, by path.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._service = app.rasa
        self._options = self._service.options
        self.posts: dict[str, Route] = {"/webhook": self._act, "/webhook/ack": self._interrupt}
        self.gets: dict[str, Route] = {"/health": _alive, "/actions": self._list}

    @property
    def _host(self) -> Host:
        return self._app.host

    async def _act(self, scope: Scope, headers: Headers, receive: Receive) -> Reply | RasaStreamedCall:
        """Carry out an action."""
        headers = with_token(scope, headers)
        turn = self._service.turn(JSON_WORDS, headers)
        try:
            call = await self._call(headers, receive, turn)
            if wants_stream(headers):
                return RasaStreamedCall(self._host, call, receive, turn, self._service.interruptions)
            reply = await self._host.invoke(call)
        except ActionError as error:
            return _refusal(error, headers)
        return reply if reply.status == 200 else failure_of(reply, turn.name).reply()  # noqa: PLR2004 - what a host answers

    async def _call(self, headers: Headers, receive: Receive, turn: RasaTurn) -> Call:
        """Read a call, from somebody who may call."""
        started = asyncio.get_running_loop().time()
        options, host = self._options, self._host
        self._admit(headers)
        if host.active >= options.concurrency:
            raise host.no_room("Too many calls are in progress.")
        body = await self._body(headers, receive)
        return Call(body=body, headers=headers, started=started, dialect=turn)

    def _admit(self, headers: Headers) -> None:
        for guard in self._options.guards:
            guard.admit_head(headers)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        options, host = self._options, self._host
        body = await read_body(
            receive, headers, most=options.max_body, seconds=options.body_timeout, driver=host.driver
        )
        for guard in options.guards:
            guard.admit_body(headers, body)
        return await plain_body(headers, body, options.max_body)

    async def _interrupt(self, scope: Scope, headers: Headers, receive: Receive) -> Reply:
        """End what is streamed: the user has interrupted it."""
        headers = with_token(scope, headers)
        try:
            self._admit(headers)
            body = await self._body(headers, receive)
            try:
                response_id = parse(body, _Ack).response_id
            except InvocationError as error:
                raise refused(f"The body is {error.cause}.") from error
        except ActionError as error:
            return _refusal(error, headers)
        self._service.interruptions.interrupt(response_id)
        return _NOTHING

    async def _list(self, scope: Scope, headers: Headers, _receive: Receive) -> Reply:
        """Give the names of the actions."""
        headers = with_token(scope, headers)
        try:
            self._service.admit(headers)
        except ActionError as error:
            return _refusal(error, headers)
        names = [{"name": action.name} for action in self._service.registry]
        return Reply(status=200, body=encode(names))


def with_token(scope: Scope, headers: Headers) -> Headers:
    """Take the query parameter ``token`` for a bearer token: ``token`` of endpoints.yml is sent so."""
    query: bytes = scope.get("query_string", b"")
    if b"token=" not in query or b"authorization" in headers:
        return headers
    tokens = parse_qs(query.decode("latin-1")).get("token")
    return headers if not tokens else {**headers, b"authorization": b"Bearer " + tokens[0].encode()}


async def _alive(_scope: Scope, _headers: Headers, _receive: Receive) -> Reply:
    return _ALIVE


def _refusal(error: ActionError, headers: Mapping[bytes, bytes]) -> Reply:
    trace_id = trace_id_of(headers.get(b"traceparent"))
    return failure_of(problem(error, trace_id=trace_id), "").reply()


class _Ack(msgspec.Struct):
    response_id: str
