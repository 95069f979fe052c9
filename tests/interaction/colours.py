"""Blocking and asynchronous callers, behind one face."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions import ActionResult, Application, CustomAction
    from mm_actions.client.action import Invocable


class Blocking:
    def invoke(self, action: Invocable, request: Any, responder: Any) -> ActionResult:
        return action.invoke(request, responder)

    def invoke_all(self, calls: list[tuple[Invocable, Any, Any]]) -> list[ActionResult]:
        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(lambda call: self.invoke(*call), calls))

    def stream(
        self, action: CustomAction, request: Any, responder: Any, seen: Callable[[dict[str, Any]], object]
    ) -> ActionResult:
        with action.stream(request, responder) as directives:
            for directive in directives:
                seen(directive)
        return directives.result

    def first(self, action: CustomAction, request: Any, responder: Any) -> dict[str, Any]:
        with action.stream(request, responder) as directives:
            return next(directives)

    def process(self, app: Application, **turn: Any) -> Any:
        return app.process(**turn)

    async_mode = False


class Asynchronous:
    def invoke(self, action: Invocable, request: Any, responder: Any) -> ActionResult:
        return asyncio.run(action.invoke_async(request, responder))

    def invoke_all(self, calls: list[tuple[Invocable, Any, Any]]) -> list[ActionResult]:
        async def main() -> list[ActionResult]:
            return await asyncio.gather(*(each[0].invoke_async(*each[1:]) for each in calls))

        return asyncio.run(main())

    def stream(
        self, action: CustomAction, request: Any, responder: Any, seen: Callable[[dict[str, Any]], object]
    ) -> ActionResult:
        async def main() -> ActionResult:
            async with action.stream_async(request, responder) as directives:
                async for directive in directives:
                    await asyncio.to_thread(seen, directive)
            return directives.result

        return asyncio.run(main())

    def first(self, action: CustomAction, request: Any, responder: Any) -> dict[str, Any]:
        async def main() -> dict[str, Any]:
            async with action.stream_async(request, responder) as directives:
                return await anext(directives)

        return asyncio.run(main())

    def process(self, app: Application, **turn: Any) -> Any:
        return asyncio.run(app.process_async(**turn))

    async_mode = True


COLOURS = {"sync": Blocking(), "async": Asynchronous()}
