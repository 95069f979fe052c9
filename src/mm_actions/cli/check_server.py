"""What a server says of itself: whether it is there, over which TLS, and which actions it has."""

from __future__ import annotations

import difflib
import socket
import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mm_actions.cli.check_files import date_finding
from mm_actions.cli.display import milliseconds
from mm_actions.cli.findings import Finding, failed, ok, skipped, warning
from mm_actions.config.address import HTTP, scheme_of
from mm_actions.contract.codec import decode
from mm_actions.contract.status import check_json, error_of
from mm_actions.contract.wire import ActionCatalogue, ActionInfo
from mm_actions.errors import BadAnswer, ConfigurationError, InvocationError
from mm_actions.transports.http.tls import TlsMaterial
from mm_actions.transports.rooms import open_http, open_transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mm_actions.config import ServerSettings
    from mm_actions.transports.http.engine import HttpResponse
    from mm_actions.transports.http.transport import HttpTransport

_FINE = range(200, 300)
_ABSENT = (404, 405, 501)


def server_findings(name: str, settings: ServerSettings, actions: Sequence[str]) -> Iterator[Finding]:
    """Ask a server.

    Args:
        name: Its name in the configuration.
        settings: How to reach it.
        actions: The actions that the configuration expects of it.
    """
    if scheme_of(settings.url) not in HTTP:
        yield from _elsewhere(name, settings, actions)
        return
    try:
        transport = open_http(settings)
    except ConfigurationError as error:
        yield failed("reached", error)
        return
    try:
        reached = _reached(name, transport, settings)
        yield reached
        if reached.status != "failed":
            yield from _channel(settings)
            yield from _catalogue(name, transport, settings, actions)
    finally:
        transport.close()


def _elsewhere(name: str, settings: ServerSettings, actions: Sequence[str]) -> Iterator[Finding]:
    """Ask a server of another protocol which actions it has; those have no other question in common."""
    started = time.monotonic()
    try:
        transport = open_transport(settings)
        try:
            ask = getattr(transport, "catalogue", transport.action_names)
            offered = {each: ActionInfo(name=each) for each in ask(settings.timeout)}
        finally:
            transport.close()
    except ConfigurationError as error:
        yield failed("reached", error)
        return
    except InvocationError as error:
        error.action, error.server = "the list of actions", name
        yield failed("reached", error)
        return
    elapsed = time.monotonic() - started
    if not offered:
        yield skipped("actions", "it does not list its actions")
        return
    yield ok("reached", milliseconds(elapsed), elapsed=elapsed)
    yield from _channel(settings)
    yield from _listed(offered, actions)


def _get(name: str, transport: HttpTransport, settings: ServerSettings, path: str) -> HttpResponse:
    try:
        return transport.get(path, timeout=settings.timeout)
    except InvocationError as error:
        error.action, error.server = f"GET {path}", name
        raise


def _reached(name: str, transport: HttpTransport, settings: ServerSettings) -> Finding:
    started = time.monotonic()
    try:
        response = _get(name, transport, settings, "/healthz")
    except InvocationError as error:
        return failed("reached", error)
    elapsed = time.monotonic() - started
    if response.status in _FINE:
        return ok("reached", f"healthy, {milliseconds(elapsed)}", elapsed=elapsed)
    if response.status in _ABSENT:
        return ok("reached", f"it has no /healthz, {milliseconds(elapsed)}", elapsed=elapsed)
    return failed("reached", _named(response, name, "/healthz"), elapsed=elapsed)


def _named(response: HttpResponse, server: str, path: str) -> InvocationError:
    error = error_of(response.status, response.headers, response.body, now=time.time())
    error.action, error.server = f"GET {path}", server
    return error


def _channel(settings: ServerSettings) -> Iterator[Finding]:
    """Look at the TLS of a connection of our own: an engine does not tell what it negotiated."""
    parts = urlsplit(settings.url)
    if parts.scheme.rpartition("+")[2] != "https" or settings.proxy is not None or parts.hostname is None:
        return
    password = settings.private_key_password
    try:
        context = TlsMaterial.load(
            ca=settings.cert,
            crl=settings.crl,
            certificate=settings.public_key,
            private_key=settings.private_key,
            password=password.reveal() if password else None,
            verify=settings.verify,
        ).ssl_context()
        address = (parts.hostname, parts.port or 443)
        with (
            socket.create_connection(address, timeout=settings.connect_timeout) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            version, certificate = secure.version(), secure.getpeercert() or {}
    except (OSError, ConfigurationError) as error:
        yield warning("TLS", f"it could not be looked at: {error}")
        return
    yield ok("TLS", f"{version}", version=version)
    begin, end = certificate.get("notBefore"), certificate.get("notAfter")
    if isinstance(begin, str) and isinstance(end, str):
        yield date_finding("server's certificate", "its own", _date(begin), _date(end), datetime.now(UTC))


def _date(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def _catalogue(
    name: str, transport: HttpTransport, settings: ServerSettings, actions: Sequence[str]
) -> Iterator[Finding]:
    try:
        response = _get(name, transport, settings, "/actions")
    except InvocationError as error:
        yield failed("actions", error)
        return
    if response.status in _ABSENT:
        yield skipped("actions", "it does not list its actions (GET /actions is optional)")
        return
    if response.status not in _FINE:
        yield failed("actions", _named(response, name, "/actions"))
        return
    try:
        check_json(response.headers.get("content-type", ""))
        offered = {info.name: info for info in decode(response.body, ActionCatalogue).actions}
    except BadAnswer as error:
        yield warning("actions", f"GET /actions answers something that is no catalogue: {error.cause}")
        return
    yield from _listed(offered, actions)


def _listed(offered: dict[str, ActionInfo], actions: Sequence[str]) -> Iterator[Finding]:
    yield ok("actions", f"it lists {len(offered)}: {', '.join(sorted(offered))}", actions=sorted(offered))
    for action in actions:
        yield _compared(action, offered)


def _compared(action: str, offered: dict[str, ActionInfo]) -> Finding:
    info = offered.get(action)
    if info is None:
        near = difflib.get_close_matches(action, offered, n=1, cutoff=0.5)
        advice = f"; did you mean {near[0]!r}?" if near else ""
        return failed(
            f"action {action}", f"the server does not list it{advice}", nearest=near[0] if near else None
        )
    if info.deprecated:
        return warning(f"action {action}", "the server says that it is deprecated")
    return ok(f"action {action}", info.description or "listed")
