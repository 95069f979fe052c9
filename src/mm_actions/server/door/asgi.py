"""The HTTP door: a plain ASGI application, for uvicorn or for another application to mount.

A request costs one look into a dict for its path and another for its method; there is no stack of middleware.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from mm_actions.contract.codec import encode
from mm_actions.core import exchange
from mm_actions.server.calls.host import Call, Counts, Host
from mm_actions.server.calls.loop_watch import LoopWatch
from mm_actions.server.calls.reply import Reply, problem, trace_id_of
from mm_actions.server.door.body import Gone, check_type, read_body
from mm_actions.server.door.published import Published
from mm_actions.server.door.streamed_call import StreamedCall
from mm_actions.server.door.watching import watched
from mm_actions.server.errors import ActionError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from mm_actions.server.mcp.door import McpDoor, McpExchange
    from mm_actions.server.options import ServerOptions
    from mm_actions.server.rasa.service import RasaService
    from mm_actions.server.registry import Registry

    Headers = Mapping[bytes, bytes]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    Route = Callable[[Scope, Headers, Receive], Awaitable[Reply | StreamedCall | McpExchange]]

logger = logging.getLogger("mm_actions.server")

_LONGEST_CALL_ID = 200
_WITHOUT_CONTENT = (204, 304)
_CLOSE = (b"connection", b"close")
_PASS = Reply(status=200, body=b'{"status":"pass"}')


class AsgiApp:
    """Serves the actions of a registry over HTTP.

    Args:
        registry: The actions.
        options: The limits, the paths, the guards.

    Attributes:
        host: What carries out the calls; another one, once the application is served again.
        observers: Who watches every request of this server.
        foreign: The paths that are not the contract's.
    """

    def __init__(self, registry: Registry, options: ServerOptions) -> None:
        self._registry = registry
        self._options = options
        self._routes: dict[str, dict[str, Route]] = {}
        self._not_ready: str | None = None
        self._draining = False
        self._closed = False
        self.host = Host(registry, options)
        for path in options.paths:
            self._routes[f"{path.rstrip('/')}/stream"] = {"POST": self._stream}
        for path in options.paths:
            self._routes[path] = {"POST": self._act}
        for path in ("/actions", *(f"{path}s" for path in options.paths if path.endswith("/action"))):
            self._get(path, self._list)
        self.foreign: frozenset[str] = frozenset()
        if options.rasa:
            self._open_to_rasa()
        self._mcp: McpDoor | None = None
        if options.mcp:
            self._mcp = self._open_to_mcp()
        self._get("/healthz", self._alive)
        self._get("/readyz", self._ready)
        published = Published(self, registry, options)
        self.observers = published.observers
        for path, route in published.routes.items():
            self._get(path, route)

    def counts(self) -> Counts:
        """Tell the load."""
        return self.host.counts()

    @property
    def doors(self) -> dict[str, tuple[str, ...]]:
        """Methods by path."""
        return {path: tuple(methods) for path, methods in self._routes.items()}

    @cached_property
    def rasa(self) -> RasaService:
        """What the doors for Rasa assistants have in common."""
        from mm_actions.server.rasa.service import RasaService  # noqa: PLC0415 - most servers do without

        return RasaService(self._registry, self._options)

    def drain(self) -> None:
        """Withdraw readiness and ask clients to close their connections; calls are still carried out."""
        self._not_ready = "The server is stopping."
        self.retire()

    def retire(self) -> None:
        """Ask clients to close their connections, for the sake of another process that takes over."""
        self._draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the process, as ASGI 3 has it."""
        kind = scope["type"]
        if kind != "http":
            if kind == "lifespan":
                await self._live(receive, send)
            elif kind == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1000})
        elif self.observers or exchange.everywhere:
            route = self._path(scope)
            seen = exchange.Exchange(scope, route if route in self._routes else None)
            await watched(self._serve, (*self.observers, *exchange.everywhere), seen, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            answer = await self._route(scope)(scope, headers, receive)
            if isinstance(answer, Reply):
                reply = answer
            else:
                started = partial(self._head, headers, streamed=True)
                rest = await answer.carry_out(started, send)
                if rest is None:
                    return
                reply = rest
        except ActionError as error:
            reply = problem(error, trace_id=trace_id_of(headers.get(b"traceparent")))
        except Gone:
            return
        except Exception as error:  # noqa: BLE001 - of a guard that somebody wrote, for instance
            reply = self.host.fault(headers, None, error)
        await send(self._head(headers, reply))
        await send({"type": "http.response.body", "body": reply.body})

    def _head(self, headers: Headers, reply: Reply, *, streamed: bool = False) -> MutableMapping[str, Any]:
        """Make the message that a response begins with."""
        head = [
            (b"content-length", b"%d" % len(reply.body)),
            (b"content-type", reply.media_type),
            *reply.headers,
        ]
        if streamed:
            del head[0]
        elif reply.status in _WITHOUT_CONTENT:
            del head[:2]  # they would speak of what is not sent (RFC 9110, 8.6 and 15.4.5)
        call_id = headers.get(b"x-mm-call-id")
        if call_id and len(call_id) <= _LONGEST_CALL_ID and call_id.isascii():
            head.append((b"x-mm-call-id", call_id))
        if self._draining and _CLOSE not in head:
            head.append(_CLOSE)
        return {"type": "http.response.start", "status": reply.status, "headers": head}

    def _path(self, scope: Scope) -> str:
        """Give the path below that at which the application is mounted."""
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root):
            return path[len(root) :] or "/"
        return path

    def _route(self, scope: Scope) -> Route:
        methods = self._routes.get(self._path(scope))
        if methods is None:
            raise ActionError(404)
        route = methods.get(scope["method"])
        if route is None:
            raise ActionError(405, headers={"Allow": ", ".join(methods)})
        return route

    def _open_to_rasa(self) -> None:
        """Serve the paths of Rasa's protocol, of which `/actions` takes the place of the contract's."""
        from mm_actions.server.door.rasa.door import RasaDoor  # noqa: PLC0415 - most servers do without

        door = RasaDoor(self)
        for path, route in door.posts.items():
            self._routes[path] = {"POST": route}
        for path, route in door.gets.items():
            self._get(path, route)
        self.foreign = frozenset((*door.posts, *door.gets))

    def _open_to_mcp(self) -> McpDoor:
        """Serve the actions as tools."""
        from mm_actions.server.mcp.door import PATH, McpDoor  # noqa: PLC0415 - an extra

        door = McpDoor(self._registry, self._options, lambda: self.host, lambda: self._draining)
        self._routes[PATH] = {"POST": door.answer}
        self.foreign |= {PATH}
        return door

    def _get(self, path: str, route: Route) -> None:
        self._routes[path] = {"GET": route, "HEAD": route}

    async def _act(self, _scope: Scope, headers: Headers, receive: Receive) -> Reply:
        """Carry out an action."""
        return await self.host.invoke(await self._call(headers, receive))

    async def _stream(self, _scope: Scope, headers: Headers, receive: Receive) -> StreamedCall:
        """Carry out an action whose directives leave as they are produced."""
        return StreamedCall(self.host, await self._call(headers, receive), receive)

    async def _call(self, headers: Headers, receive: Receive) -> Call:
        """Read a call, from somebody who may call."""
        started = asyncio.get_running_loop().time() if b"x-mm-timeout-ms" in headers else 0.0
        options, host = self._options, self.host
        for guard in options.guards:
            guard.admit_head(headers)
        check_type(headers)
        if host.active >= options.concurrency:
            raise host.no_room("Too many calls are in progress.")
        body = await read_body(
            receive,
            headers,
            most=options.max_body,
            seconds=options.body_timeout,
            driver=host.driver,
        )
        for guard in options.guards:
            guard.admit_body(headers, body)
        return Call(body=body, headers=headers, started=started)

    async def _list(self, _scope: Scope, headers: Headers, _receive: Receive) -> Reply:
        """Give the catalogue."""
        for guard in self._options.guards:
            guard.admit_head(headers)
            guard.admit_body(headers, b"")
        return Reply(status=200, body=encode({"actions": [action.info() for action in self._registry]}))

    async def _alive(self, _scope: Scope, _headers: Headers, _receive: Receive) -> Reply:
        return _PASS

    async def _ready(self, _scope: Scope, _headers: Headers, _receive: Receive) -> Reply:
        reason = self._not_ready
        if reason is None and self.host.overloaded:
            reason = "Too many calls are in progress."
        if reason is None:
            return _PASS
        raise Unavailable(
            reason,
            title="Not ready",
            kind="urn:mm-actions:problem:unavailable",
            retry_after=self._options.retry_after,
        )

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start and stop with the process; where nobody says when, nothing is missing but the watch."""
        watch = LoopWatch(self._options.loop_alarm, lambda: self.host.driver.stepping)
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._closed:  # served once, and now again
                    self.host = Host(self._registry, self._options)
                self._not_ready, self._draining, self._closed = None, False, False
                watch.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.drain()
                self._closed = True
                watch.stop()
                try:
                    if self._mcp is not None:
                        await self._mcp.close()
                    await self.host.close()
                except Exception:
                    logger.exception("the server did not stop cleanly")
                await send({"type": "lifespan.shutdown.complete"})
                return
