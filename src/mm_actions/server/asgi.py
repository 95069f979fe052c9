"""The HTTP door: a plain ASGI application, for uvicorn or for another application to mount.

A request costs one look into a dict for its path and another for its method; there is no stack of middleware.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from mm_actions.contract.codec import encode
from mm_actions.server.body import Gone, check_type, read_body
from mm_actions.server.errors import ActionError, Unavailable
from mm_actions.server.host import Call, Counts, Host
from mm_actions.server.loop_watch import LoopWatch
from mm_actions.server.reply import Reply, problem, trace_id_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from mm_actions.server.options import ServerOptions
    from mm_actions.server.registry import Registry

    Headers = Mapping[bytes, bytes]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    Route = Callable[[Headers, Receive], Awaitable[Reply]]

logger = logging.getLogger("mm_actions.server")

_LONGEST_CALL_ID = 200
_CLOSE = (b"connection", b"close")
_PASS = Reply(status=200, body=b'{"status":"pass"}')


class AsgiApp:
    """Serves the actions of a registry over HTTP.

    Args:
        registry: The actions.
        options: The limits, the paths, the guards.
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
            self._routes[path] = {"POST": self._act}
        for path in ("/actions", *(f"{path}s" for path in options.paths if path.endswith("/action"))):
            self._get(path, self._list)
        self._get("/healthz", self._alive)
        self._get("/readyz", self._ready)

    def counts(self) -> Counts:
        """Tell the load."""
        return self.host.counts()

    def drain(self) -> None:
        """Withdraw readiness and ask clients to close their connections; calls are still carried out."""
        self._not_ready = "The server is stopping."
        self._draining = True

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the process, as ASGI 3 has it."""
        kind = scope["type"]
        if kind != "http":
            if kind == "lifespan":
                await self._live(receive, send)
            elif kind == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1000})
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            reply = await self._route(scope)(headers, receive)
        except ActionError as error:
            reply = problem(error, trace_id=trace_id_of(headers.get(b"traceparent")))
        except Gone:
            return
        except Exception as error:  # noqa: BLE001 - of a guard that somebody wrote, for instance
            reply = self.host.fault(headers, None, error)
        head = [
            (b"content-type", reply.media_type),
            (b"content-length", b"%d" % len(reply.body)),
            *reply.headers,
        ]
        call_id = headers.get(b"x-mm-call-id")
        if call_id and len(call_id) <= _LONGEST_CALL_ID and call_id.isascii():
            head.append((b"x-mm-call-id", call_id))
        if self._draining and _CLOSE not in head:
            head.append(_CLOSE)
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        await send({"type": "http.response.body", "body": reply.body})

    def _route(self, scope: MutableMapping[str, Any]) -> Route:
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root):
            path = path[len(root) :] or "/"
        methods = self._routes.get(path)
        if methods is None:
            raise ActionError(404)
        route = methods.get(scope["method"])
        if route is None:
            raise ActionError(405, headers={"Allow": ", ".join(methods)})
        return route

    def _get(self, path: str, route: Route) -> None:
        self._routes[path] = {"GET": route, "HEAD": route}

    async def _act(self, headers: Headers, receive: Receive) -> Reply:
        """Carry out an action."""
        started = asyncio.get_running_loop().time()
        options, host = self._options, self.host
        for guard in options.guards:
            guard.admit_head(headers)
        check_type(headers)
        if host.active >= options.concurrency:
            return host.refusal(headers, "Too many calls are in progress.")
        body = await read_body(
            receive,
            headers,
            most=options.max_body,
            seconds=options.body_timeout,
            driver=host.driver,
        )
        for guard in options.guards:
            guard.admit_body(headers, body)
        return await host.invoke(Call(body=body, headers=headers, started=started))

    async def _list(self, headers: Headers, _receive: Receive) -> Reply:
        """Give the catalogue."""
        for guard in self._options.guards:
            guard.admit_head(headers)
            guard.admit_body(headers, b"")
        return Reply(status=200, body=encode({"actions": [action.info() for action in self._registry]}))

    async def _alive(self, _headers: Headers, _receive: Receive) -> Reply:
        return _PASS

    async def _ready(self, _headers: Headers, _receive: Receive) -> Reply:
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
                    await self.host.close()
                except Exception:
                    logger.exception("the server did not stop cleanly")
                await send({"type": "lifespan.shutdown.complete"})
                return
