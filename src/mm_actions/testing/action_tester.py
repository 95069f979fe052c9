"""Calls actions without a socket: the whole way of a call but HTTP itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mm_actions.contract.codec import decode, encode
from mm_actions.contract.wire import Answer, Params, Problem
from mm_actions.core.params import Params as CoreParams
from mm_actions.core.payload import RESPONDER_MEMBERS
from mm_actions.server.calls.host import Call, Host
from mm_actions.server.calls.streaming import Stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder
    from mm_actions.server.action_server import ActionServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What an action answered, as its caller sees it.

    Attributes:
        status: The HTTP status; 200 when the action was carried out.
        directives: The directives that it added.
        frame: What it added to the frame or changed in it.
        slots: What it added to the slots or changed in them.
        params: What it says of the next turn.
        problem: Why it was not carried out, or None.
        headers: Further headers of the answer, names in lower case.
        body: The body as it travels; of a stream, that of its last event.
        flushed: The directives that left before the end of a stream, those of each flush together.
    """

    status: int
    directives: list[dict[str, Any]] = field(default_factory=list)
    frame: dict[str, Any] = field(default_factory=dict)
    slots: dict[str, Any] = field(default_factory=dict)
    params: Params = field(default_factory=Params)
    problem: Problem | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    flushed: list[list[dict[str, Any]]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The texts of the replies, in order."""
        return [
            directive["payload"]["text"]
            for directive in self.directives
            if directive.get("name") == "reply" and isinstance(directive.get("payload"), dict)
        ]


class ActionTester:
    """Calls the actions of a server as a client would, without a client and without a network.

    What is sent is written as JSON, read and checked as the server does it, and so is what comes back: a
    value that JSON cannot carry, an argument that is missing or an answer of the wrong shape shows here.

    Args:
        server: The server whose actions are called.
    """

    def __init__(self, server: ActionServer) -> None:
        self.host = Host(server.registry, server.options)

    def call(
        self,
        action: str,
        request: Request | Mapping[str, Any] | None = None,
        responder: DialogueResponder | Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Tested:
        """Call an action, and wait.

        Args:
            action: Its name.
            request: The turn; a Request, or a dict of its members.
            responder: What was answered so far; a Responder, or a dict of its members.
            headers: Headers such as ``Idempotency-Key`` or ``X-MM-Timeout-Ms``.
        """
        return asyncio.run(self.call_async(action, request, responder, headers=headers))

    async def call_async(
        self,
        action: str,
        request: Request | Mapping[str, Any] | None = None,
        responder: DialogueResponder | Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Tested:
        """Call an action; the arguments are those of :meth:`call`."""
        return await self.send(_payload(action, request, responder), headers=headers)

    def stream(
        self,
        action: str,
        request: Request | Mapping[str, Any] | None = None,
        responder: DialogueResponder | Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        leave_after: int | None = None,
    ) -> Tested:
        """Call an action as ``POST /action/stream`` does, and wait; ``flushed`` tells what left on the way.

        Args:
            action: Its name.
            request: The turn; a Request, or a dict of its members.
            responder: What was answered so far; a Responder, or a dict of its members.
            headers: Headers such as ``Idempotency-Key`` or ``X-MM-Timeout-Ms``.
            leave_after: Leave once so many flushes have come.
        """
        return asyncio.run(
            self.stream_async(action, request, responder, headers=headers, leave_after=leave_after)
        )

    async def stream_async(
        self,
        action: str,
        request: Request | Mapping[str, Any] | None = None,
        responder: DialogueResponder | Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        leave_after: int | None = None,
    ) -> Tested:
        """Call an action as ``POST /action/stream`` does; the arguments are those of :meth:`stream`."""
        flushed: list[list[dict[str, Any]]] = []

        async def take(directives: Sequence[bytes]) -> None:
            flushed.append([decode(bytes(directive), dict[str, Any]) for directive in directives])
            if len(flushed) == leave_after:
                asyncio.get_running_loop().call_soon(stream.leave)

        stream = Stream(take)
        try:
            tested = await self._send(_payload(action, request, responder), headers, stream)
        finally:
            stream.close()
        return replace(tested, flushed=flushed)

    async def send(self, body: bytes, *, headers: Mapping[str, str] | None = None) -> Tested:
        """Send a body as it is."""
        return await self._send(body, headers)

    async def _send(
        self, body: bytes, headers: Mapping[str, str] | None, stream: Stream | None = None
    ) -> Tested:
        names = {name.lower().encode(): value.encode() for name, value in (headers or {}).items()}
        started = asyncio.get_running_loop().time()
        reply = await self.host.invoke(Call(body=body, headers=names, started=started, stream=stream))
        shown = {name.decode(): value.decode() for name, value in reply.headers}
        if reply.status != 200:  # noqa: PLR2004 - what the host answers when all went well
            problem = decode(reply.body, Problem)
            return Tested(status=reply.status, problem=problem, headers=shown, body=reply.body)
        answer = decode(reply.body, Answer)
        return Tested(
            status=reply.status,
            directives=answer.directives or [],
            frame=answer.frame or {},
            slots=answer.slots or {},
            params=answer.params or Params(),
            headers=shown,
            body=reply.body,
        )


def _payload(
    action: str,
    request: Request | Mapping[str, Any] | None,
    responder: DialogueResponder | Mapping[str, Any] | None,
) -> bytes:
    payload: dict[str, Any] = {"action": action}
    if request is not None:
        payload["request"] = _plain(dict(request))
    if responder is not None:
        members = dict(responder)
        payload["responder"] = _plain({name: members[name] for name in RESPONDER_MEMBERS if name in members})
    return encode(payload)


def _plain(members: dict[str, Any]) -> dict[str, Any]:
    if isinstance(params := members.get("params"), CoreParams):
        members["params"] = params.to_wire()
    return members
