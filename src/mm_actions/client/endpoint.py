"""One server as this process knows it: its transport and its guard, shared by all who call it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mm_actions.resilience import ResilienceSettings, RetryPolicy, ServerGuard
from mm_actions.transports.rooms import open_transport

if TYPE_CHECKING:
    from mm_actions.config import ServerSettings
    from mm_actions.core.transport import Transport

KEPT = 256
"""Servers whose connections are kept; the one unused for longest makes room for a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server's transport and guard."""

    transport: Transport
    guard: ServerGuard
    settings: ServerSettings


def endpoint_for(name: str, settings: ServerSettings) -> Endpoint:
    """Give the endpoint of a server; equal settings share one.

    Raises:
        ConfigurationError: Certificates or keys cannot be used, or a library is missing.
    """
    with _lock:
        endpoint = _endpoints.get(settings)
        if endpoint is None:
            guard = ServerGuard(
                ResilienceSettings(retry=RetryPolicy(retries=settings.retries)),
                server=name,
            )
            endpoint = Endpoint(transport=open_transport(settings), guard=guard, settings=settings)
            _endpoints[settings] = endpoint
            if len(_endpoints) > KEPT:
                _endpoints.popitem(last=False)
        else:
            _endpoints.move_to_end(settings)
        return endpoint


def close_endpoints() -> None:
    """Close the connections to all servers and forget what is known of them."""
    with _lock:
        endpoints = list(_endpoints.values())
        _endpoints.clear()
    for endpoint in endpoints:
        endpoint.transport.close()


_endpoints: OrderedDict[Any, Endpoint] = OrderedDict()
_lock = threading.Lock()
