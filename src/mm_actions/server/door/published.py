"""What a server publishes about itself: figures, the contract, and Swagger UI."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from mm_actions.contract.codec import encode
from mm_actions.errors import ConfigurationError
from mm_actions.server.calls.reply import JSON, Reply
from mm_actions.server.door import ui
from mm_actions.server.door.document import document
from mm_actions.server.door.etag import tag_of, unless_known
from mm_actions.server.errors import ActionError

if TYPE_CHECKING:
    from mm_actions.core.exchange import Observer
    from mm_actions.server.door.asgi import AsgiApp, Headers, Receive, Route, Scope
    from mm_actions.server.door.metrics import Metrics
    from mm_actions.server.options import ServerOptions
    from mm_actions.server.registry import Action, Registry

_REVALIDATE = ((b"cache-control", b"no-cache"), (b"vary", b"authorization, x-mm-signature"))


class Published:
    """The doors through which a server is looked at.

    Args:
        app: What is served.
        registry: The actions.
        options: Which of the doors there are.

    Attributes:
        routes: What answers GET, by path.
        observers: Who has to watch every request for it.

    Raises:
        ConfigurationError: An extra is missing, or a registry cannot be used.
    """

    def __init__(self, app: AsgiApp, registry: Registry, options: ServerOptions) -> None:
        self._app = app
        self._registry = registry
        self._options = options
        self._documents: dict[tuple[str, tuple[Action, ...]], tuple[bytes, bytes]] = {}
        self.routes: dict[str, Route] = {}
        self.observers: tuple[Observer, ...] = ()
        if options.metrics:
            self._measure(options)
        if options.openapi:
            self.routes["/openapi.json"] = self._document
        if options.ui:
            ui.check()
        if options.ui and not options.openapi:
            raise ConfigurationError("ui shows what /openapi.json gives: set openapi=True as well")
        if options.ui or (options.ui is None and options.openapi and ui.available()):
            self.routes["/ui"] = _to_the_page
            for name in ui.NAMES:
                self.routes[f"/ui/{name}"] = partial(_page, name)

    def _measure(self, options: ServerOptions) -> None:
        from mm_actions.server.door.metrics import Metrics  # noqa: PLC0415 - an extra

        given = options.metrics
        metrics = Metrics(self._app.counts, None if isinstance(given, bool) else given)
        self.routes["/metrics"] = partial(self._figures, metrics)
        self.observers = (metrics,)

    async def _figures(self, metrics: Metrics, _scope: Scope, headers: Headers, _receive: Receive) -> Reply:
        if not self._options.open_metrics:
            self._admit(headers)
        return await asyncio.to_thread(metrics.reply, headers)

    async def _document(self, scope: Scope, headers: Headers, _receive: Receive) -> Reply:
        root = scope.get("root_path", "")
        actions = list(self._registry) if self._is_admitted(headers) else []
        key = (root, tuple(actions))
        if key not in self._documents:
            doors = self._app.doors
            described = await asyncio.to_thread(
                document,
                root=root,
                doors={path: doors[path] for path in doors if path not in self._app.foreign},
                action_paths=self._options.paths,
                guards=self._options.guards,
                actions=actions,
            )
            content = encode(described)
            if len(self._documents) >= _MOST_DOCUMENTS:
                self._documents.clear()
            self._documents[key] = content, tag_of(content)
        content, tag = self._documents[key]
        return unless_known(headers, content, JSON, tag, _REVALIDATE)

    def _is_admitted(self, headers: Headers) -> bool:
        try:
            self._admit(headers)
        except ActionError:
            return False
        return True

    def _admit(self, headers: Headers) -> None:
        for guard in self._options.guards:
            guard.admit_head(headers)
            guard.admit_body(headers, b"")


async def _page(name: str, _scope: Scope, headers: Headers, _receive: Receive) -> Reply:
    return ui.page(name, headers)


async def _to_the_page(_scope: Scope, _headers: Headers, _receive: Receive) -> Reply:
    return Reply(status=307, body=b"", headers=((b"location", b"ui/"),))


_MOST_DOCUMENTS = 8
