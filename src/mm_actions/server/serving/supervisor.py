"""Several processes that serve one port: kept alive, replaced by a newer version, and stopped together."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mm_actions.server.serving.listening import listen, reserve
from mm_actions.server.serving.shared_domains import sharing_domains
from mm_actions.server.serving.shared_figures import shared_figures
from mm_actions.server.serving.worker import Work
from mm_actions.server.serving.workers import NotServing, Worker, describe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from mm_actions.server.serving.process import Served
    from mm_actions.server.serving.settings import ServingSettings

    Changes = Callable[[asyncio.Event], AsyncIterator[str]]

logger = logging.getLogger("mm_actions.server")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_SOUND = 10.0
"""Seconds after which a worker that ends is not blamed on its start."""
_PATIENCE = 60.0


class Supervisor:
    """Keeps workers at one port.

    A worker that dies is replaced, at once the first time and after ever longer pauses while its successors
    die as well. A new version is started beside the old one, and takes its place once it serves; if it does
    not come to that, the old one goes on. The port stays open throughout.

    Args:
        reference: As :func:`mm_actions.server.serving.loading.load_server` has it.
        settings: The settings.
        announce: Told what is served, once all workers are ready.
        changes: Given an event that ends it, yields what changed whenever a new version is to be served.
    """

    def __init__(
        self,
        reference: str,
        settings: ServingSettings,
        announce: Callable[[Served], None],
        changes: Changes | None = None,
    ) -> None:
        self._work = Work(reference, settings)
        self._count = settings.workers
        self._announce = announce
        self._changes = changes
        self._current: list[Worker] = []
        self._everyone: dict[Worker, asyncio.Task[None]] = {}
        self._urgency = 0
        self._stopping = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; SIGHUP starts all workers anew, as a change does.

        Raises:
            ConfigurationError: The module, a setting or the port cannot work.
        """
        asyncio.run(self._run())

    async def _run(self) -> None:
        with ExitStack() as held:
            self._forget = held.enter_context(shared_figures())
            held.enter_context(sharing_domains())
            self._port = self._hold_ports(held)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._stop, number)
            loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
            try:
                async with self._renewing:
                    if self._changes is not None:  # what is edited from now on is a new version
                        self._go(self._follow(self._changes))
                        await asyncio.sleep(0)
                    self._current = await self._generation()
                served = self._current[0].served
                if served is not None and not self._urgency:
                    self._announce(served)
                await self._stopping.wait()
            except NotServing:
                if not self._urgency:
                    raise
            finally:
                self._stopping.set()
                await self._end()

    def _hold_ports(self, held: ExitStack) -> socket.socket:
        """Open the port of HTTP, which the workers inherit, and reserve that of gRPC, which each opens."""
        settings = self._work.settings
        if settings.grpc_port is not None:
            reserved = held.enter_context(reserve(settings.host, settings.grpc_port))
            settings = replace(settings, grpc_port=reserved.getsockname()[1])
            self._work = self._work._replace(settings=settings)
        port = listen(settings.host, settings.port) if settings.http else socket.socket()
        return held.enter_context(port)

    async def _generation(self) -> list[Worker]:
        """Start as many workers as there are to be, and wait until all of them serve.

        The first one goes ahead: a module that cannot be imported says so once.

        Raises:
            NotServing: One does not; then all end.
        """
        workers = [await self._start()]
        await workers[0].ready()
        workers += [await self._start() for _ in range(self._count - 1)]
        results = await asyncio.gather(*(worker.ready() for worker in workers[1:]), return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            for worker in workers:
                await worker.give_way()
            raise failed[0]
        return workers

    async def _start(self, pause: float = 0.0) -> Worker:
        if self._stopping.is_set():
            raise NotServing("the server is stopping")
        worker = await Worker.start(self._port, self._work, pause)
        self._everyone[worker] = asyncio.create_task(self._watch(worker))
        if self._urgency:
            worker.stop(self._urgency)
        return worker

    async def _watch(self, worker: Worker) -> None:
        """Wait for a worker's end; when it was not asked for, start another one."""
        code = await worker.ended()
        self._forget(worker.pid)
        if worker in self._current and not self._urgency:
            await self._replace(worker, code)
        del self._everyone[worker]

    async def _replace(self, worker: Worker, code: int) -> None:
        sound = time.monotonic() - worker.started > _SOUND
        pause = _FIRST_PAUSE if sound or not worker.pause else min(2 * worker.pause, _LONGEST_PAUSE)
        how = describe(code)
        while True:
            logger.error("worker %d ended %s; another one is started in %.1f s", worker.pid, how, pause)
            if await self._stopped_within(pause) or worker not in self._current:
                return
            try:
                successor = await self._start(pause)
                await successor.ready()
            except (NotServing, OSError) as error:
                how, pause = f"and its successor as well: {error}", min(2 * pause, _LONGEST_PAUSE)
                continue
            if worker in self._current:
                self._current[self._current.index(worker)] = successor
                logger.info("worker %d serves in the place of worker %d", successor.pid, worker.pid)
            else:  # a new version has taken the place of all
                await successor.give_way()
            return

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _follow(self, changes: Changes) -> None:
        async for changed in changes(self._stopping):
            await self._renew(changed)

    async def _renew(self, why: str) -> None:
        async with self._renewing:
            if self._urgency:
                return
            try:
                successors = await self._generation()
            except (NotServing, OSError) as error:
                if not self._urgency:
                    logger.error("%s, but the version before goes on: %s", why, error)  # noqa: TRY400 - the worker has shown it
                return
            predecessors, self._current = self._current, successors
            await asyncio.gather(*(worker.give_way() for worker in predecessors))
            served = successors[0].served
            logger.info("%s: serving %s", why, ", ".join(served.actions) if served else "")

    def _on_hangup(self) -> None:
        self._go(self._renew("SIGHUP"))

    def _go(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop(self, number: signal.Signals) -> None:
        """Stop all workers; each further signal is more urgent."""
        logger.info("stopping on %s", number.name)
        self._urgency += 1
        for worker in self._everyone:
            worker.stop(self._urgency)
        self._port.close()  # who has come already is the workers' to answer
        self._stopping.set()

    async def _end(self) -> None:
        """Wait for all workers, but not for ever."""
        if not self._urgency:
            self._urgency = 1
            for worker in self._everyone:
                worker.stop(self._urgency)
        watching = set(self._everyone.values())
        known = [worker.served.patience for worker in self._everyone if worker.served is not None]
        if watching:
            _, left = await asyncio.wait(watching, timeout=max(known, default=_PATIENCE))
            if left:
                for worker in self._everyone:
                    logger.error("worker %d does not end, and is killed", worker.pid)
                    worker.kill()
                await asyncio.wait(left)
        for task in self._tasks:
            task.cancel()
