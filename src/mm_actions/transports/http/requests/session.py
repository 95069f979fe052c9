"""Sessions of requests: one of the engine's own, or a user's made watchable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from mm_actions.transports.http.requests.watch import watched

if TYPE_CHECKING:
    import ssl

    from mm_actions.transports.http.engine import EngineOptions
    from mm_actions.transports.http.tls import TlsMaterial


class _OwnAdapter(HTTPAdapter):
    """Uses one TLS context for all connections, and nothing that requests would add to it."""

    def __init__(self, options: EngineOptions, context: ssl.SSLContext) -> None:
        self._context = context
        self._idle_timeout = options.idle_timeout
        # The default of 10 connections makes every further thread connect anew for each call.
        super().__init__(pool_connections=4, pool_maxsize=options.max_connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools with the context."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        _watch_pools(self.poolmanager, self._idle_timeout)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools to a proxy with the context."""
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        _watch_pools(manager, self._idle_timeout)
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Leave the verification to the context."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the certificates to the context: requests would add the public CAs to a private one."""


def own_session(options: EngineOptions, material: TlsMaterial | None) -> requests.Session:
    """Make a session with the engine's limits, certificates and proxy, deaf to the environment.

    Args:
        options: The engine's.
        material: What its handshakes use.
    """
    from mm_actions.transports.http.tls import TlsMaterial as Material  # noqa: PLC0415 - only to make one

    if material is not None and not material.verify:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # it was asked for, and is logged
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    adapter = _OwnAdapter(options, (material or Material()).ssl_context())
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    if options.proxy is not None:
        session.proxies = {"http": options.proxy, "https": options.proxy}
    return session


def watch_session(session: requests.Session) -> None:
    """Have the deadline hold on a user's session: its future connections will be watched.

    Adapters that are not requests' own have only the socket time-outs.
    """
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter) and not isinstance(adapter, _OwnAdapter):
            _watch_pools(adapter.poolmanager, None)
            for manager in adapter.proxy_manager.values():
                _watch_pools(manager, None)


def _watch_pools(manager: Any, idle_timeout: float | None) -> None:
    """Use urllib3's own way to bring other pool classes: an attribute of the manager."""
    if getattr(manager, "_mm_actions_watched", False):
        return
    manager._mm_actions_watched = True  # noqa: SLF001 - our mark
    manager.pool_classes_by_scheme = {
        scheme: type(
            f"Watched{pool.__name__}", (pool,), {"ConnectionCls": watched(pool.ConnectionCls, idle_timeout)}
        )
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }
    manager.clear()
