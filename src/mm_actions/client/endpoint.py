"""One server as this process knows it: its transport and its guard, shared by all who call it."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mm_actions.resilience import BreakerState, ServerGuard
from mm_actions.transports.rooms import open_transport

if TYPE_CHECKING:
    from mm_actions.config import ServerSettings
    from mm_actions.core.transport import Transport

logger = logging.getLogger("mm_actions.server")

KEPT = 256
"""Servers whose connections are kept; the one unused for longest makes room for a new one."""


class Endpoint:
    """A server's transport and guard.

    Args:
        name: The server's name, for messages.
        settings: How to reach it.

    Raises:
        ConfigurationError: Certificates or keys cannot be used, or a library is missing.
    """

    def __init__(self, name: str, settings: ServerSettings) -> None:
        self._name = name
        self.settings = settings
        self.transport: Transport = open_transport(settings)
        self.start_over()
        _alive.add(self)
        if not settings.verify:
            logger.warning("%s is not verified (insecure_dev): anyone may pose as %s", name, settings.url)

    def start_over(self) -> None:
        """Forget how the server did so far: in a forked child, calls of the parent are under way forever."""
        figures = self.settings.resilience
        figures = replace(figures, retry=replace(figures.retry, retries=self.settings.retries))
        self.guard = ServerGuard(figures, server=self._name, listener=self._tell)

    def _tell(self, before: BreakerState, after: BreakerState) -> None:
        if after is BreakerState.DISABLED:
            logger.error(
                "%s is gone (410) from %s: no call goes there until the program starts anew",
                self._name,
                self.settings.url,
            )
        else:
            logger.warning("the circuit of %s went from %s to %s", self._name, before, after)


def endpoint_for(name: str, settings: ServerSettings) -> Endpoint:
    """Give the endpoint of a server; equal settings share one.

    Raises:
        ConfigurationError: Certificates or keys cannot be used, or a library is missing.
    """
    with _lock:
        endpoint = _endpoints.get(settings)
        if endpoint is None:
            endpoint = _endpoints[settings] = Endpoint(name, settings)
            if len(_endpoints) > KEPT:
                _endpoints.popitem(last=False)
        else:
            _endpoints.move_to_end(settings)
        return endpoint


def close_endpoints() -> None:
    """Close the connections to all servers and forget how they did; actions that exist can be used on."""
    with _lock:
        endpoints = list(_alive)
        _endpoints.clear()
    for endpoint in endpoints:
        endpoint.transport.close()
        endpoint.start_over()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    for endpoint in _alive:
        endpoint.start_over()


_endpoints: OrderedDict[Any, Endpoint] = OrderedDict()
_alive: weakref.WeakSet[Endpoint] = weakref.WeakSet()
_lock = threading.Lock()
os.register_at_fork(after_in_child=_after_fork)
