"""Ways to have an action carried out, under the names that the tables use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.clients import mindmeld_way, sessions
from benchmarks.clients.client import Client
from benchmarks.clients.real_mindmeld import RealMindMeld
from mm_actions import CustomAction, close_endpoints

if TYPE_CHECKING:
    import asyncio
    from contextlib import ExitStack

    from benchmarks.far_end import FarEnd
    from benchmarks.options import Options

ENGINES = ("curl", "requests", "aiohttp")
RAW = "raw socket"
PYCURL = "pycurl alone"
OURS = "mm_actions, curl"
SESSION, ASYNC_SESSION = "shared requests.Session", "shared aiohttp session"
WAY = "MindMeld's way"
REAL = "MindMeld itself"


def blocking_clients(end: FarEnd, options: Options, stack: ExitStack) -> list[Client]:
    """Make every blocking client of a server; the stack closes them."""
    stack.callback(close_endpoints)
    clients = [
        Client(name=f"mm_actions, {engine}", call=action(end, engine=engine).invoke) for engine in ENGINES
    ]
    clients.append(Client(name=SESSION, call=sessions.shared_requests(end, stack)))
    clients.append(Client(name=WAY, call=mindmeld_way.blocking(end, stack), slow=True))
    if options.mindmeld is not None:
        real = RealMindMeld(options.mindmeld)
        mindmeld_way.trust(end, stack)
        clients.append(Client(name=REAL, call=real.action(end).invoke, turns=real, slow=True))
    return clients


def async_clients(end: FarEnd, options: Options, stack: ExitStack, runner: asyncio.Runner) -> list[Client]:
    """Make every asynchronous client of a server, for the runner's loop; the stack closes them."""
    stack.callback(close_endpoints)
    clients = [
        Client(name=f"mm_actions, {engine}", call=action(end, engine=engine).invoke_async)
        for engine in ENGINES
    ]
    clients.append(Client(name=ASYNC_SESSION, call=sessions.shared_aiohttp(end, stack, runner)))
    clients.append(Client(name=WAY, call=mindmeld_way.asynchronous(end), slow=True))
    if options.mindmeld is not None:
        real = RealMindMeld(options.mindmeld)
        clients.append(Client(name=REAL, call=real.action(end).invoke_async, turns=real, slow=True))
    return clients


def action(end: FarEnd, *, engine: object = "curl", **settings: object) -> CustomAction:
    """Make our action on a server."""
    return CustomAction("order", end.config | {"engine": engine, **settings}, raise_on_failure=True)
