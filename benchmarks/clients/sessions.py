"""What a careful user writes by hand: one shared session, dicts, no check of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import requests

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine
    from contextlib import ExitStack

    from benchmarks.far_end import FarEnd


def shared_requests(end: FarEnd, stack: ExitStack) -> Callable[[Any, Any], bool]:
    """Post by one requests.Session with room for 32 threads."""
    session = stack.enter_context(requests.Session())
    session.trust_env = False
    session.verify, session.cert = end.ca or True, end.pair
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=32)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)

    def call(request: Any, responder: Any) -> bool:
        response = session.post(end.url, json=payload(request, responder), timeout=5)
        response.raise_for_status()
        return merged(response.json(), responder)

    return call


def shared_aiohttp(
    end: FarEnd, stack: ExitStack, runner: asyncio.Runner
) -> Callable[[Any, Any], Coroutine[Any, Any, bool]]:
    """Post by one aiohttp.ClientSession with one TLS context."""

    async def make() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=end.context() or True, limit=100)
        return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(5))

    session = runner.run(make())
    stack.callback(lambda: runner.run(session.close()))

    async def call(request: Any, responder: Any) -> bool:
        async with session.post(end.url, json=payload(request, responder)) as response:
            response.raise_for_status()
            return merged(await response.json(), responder)

    return call


def payload(request: Any, responder: Any) -> dict[str, Any]:
    """Write the turn as a dict."""
    members = {name: getattr(responder, name) for name in ("frame", "directives", "slots")}
    members["params"] = dict(responder.params)
    return {"request": dict(request), "responder": members, "action": "order"}


def merged(answer: dict[str, Any], responder: Any) -> bool:
    """Merge what most answers have."""
    responder.frame.update(answer.get("frame", {}))
    responder.slots.update(answer.get("slots", {}))
    responder.directives.extend(answer.get("directives", []))
    for name, value in answer.get("params", {}).items():
        setattr(responder.params, name, value)
    return True
