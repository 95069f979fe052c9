"""Blocking and asynchronous callers, behind one face."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from mm_actions import ActionResult, Application, CustomAction
    from mm_actions.client.action import Invocable


T = TypeVar("T")


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
    """All calls on one event loop, as those of a program: what is kept for a loop is kept between tests."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(coroutine)

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()

    def invoke(self, action: Invocable, request: Any, responder: Any) -> ActionResult:
        return self.run(action.invoke_async(request, responder))

    def invoke_all(self, calls: list[tuple[Invocable, Any, Any]]) -> list[ActionResult]:
        async def main() -> list[ActionResult]:
            return await asyncio.gather(*(each[0].invoke_async(*each[1:]) for each in calls))

        return self.run(main())

    def stream(
        self, action: CustomAction, request: Any, responder: Any, seen: Callable[[dict[str, Any]], object]
    ) -> ActionResult:
        async def main() -> ActionResult:
            async with action.stream_async(request, responder) as directives:
                async for directive in directives:
                    await asyncio.to_thread(seen, directive)
            return directives.result

        return self.run(main())

    def first(self, action: CustomAction, request: Any, responder: Any) -> dict[str, Any]:
        async def main() -> dict[str, Any]:
            async with action.stream_async(request, responder) as directives:
                return await anext(directives)

        return self.run(main())

    def process(self, app: Application, **turn: Any) -> Any:
        return self.run(app.process_async(**turn))

    async_mode = True


ASYNC = Asynchronous()
COLOURS = {"sync": Blocking(), "async": ASYNC}
