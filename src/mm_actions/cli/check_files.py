"""What can be said of a server's settings without asking the server: files, keys, certificates."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mm_actions.cli.findings import Finding, failed, ok, warning
from mm_actions.errors import ConfigurationError
from mm_actions.transports.http.tls_files import read_certificates, read_client_pair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mm_actions.config import ServerSettings
    from mm_actions.transports.http.tls_files import CertificateFacts

SOON = 30
"""Days before its end from which a certificate is worth a warning."""
FEW = 5
"""Certificates that are named one by one; more are a system's trust store."""


def file_findings(settings: ServerSettings, now: datetime) -> Iterator[Finding]:
    """Look at the settings, and at every file that they name."""
    yield from _settings(settings)
    if settings.cert is not None:
        yield from _certificates("cert", settings.cert, now)
    if settings.public_key is not None:
        yield from _certificates("public_key", settings.public_key, now)
        yield _key(settings)


def date_finding(subject: str, text: str, begin: datetime, end: datetime, now: datetime) -> Finding:
    """Judge the dates of a certificate.

    Args:
        subject: What is looked at.
        text: Names the certificate.
        begin: The first moment of its validity.
        end: The last moment of its validity.
        now: The moment to judge for.
    """
    facts = {"not_before": begin.isoformat(), "not_after": end.isoformat()}
    left = (end - now).days
    dates = f"{text}, valid {begin:%Y-%m-%d} to {end:%Y-%m-%d}"
    if end < now:
        return failed(subject, f"{dates}: it has expired; replace it", **facts)
    if begin > now:
        return failed(subject, f"{dates}: it is not valid yet; check the clock", **facts)
    if left < SOON:
        return warning(subject, f"{dates}: it expires in {left} days", **facts)
    return ok(subject, dates, **facts)


def _settings(settings: ServerSettings) -> Iterator[Finding]:
    parts = urlsplit(settings.url)
    if not settings.verify:
        yield warning("verify", "the server's certificate is not checked: anyone may pose as it")
    if parts.scheme == "http":
        if settings.cert or settings.public_key:
            yield warning("url", "the url is http, so that the certificates of the settings have no effect")
        if settings.auth is not None and not _is_loopback(parts.hostname or ""):
            yield warning("auth", "the url is http: whoever listens on the way can read the credentials")


def _certificates(setting: str, path: str, now: datetime) -> Iterator[Finding]:
    try:
        certificates = read_certificates(path, setting)[1]
    except ConfigurationError as error:
        yield failed(setting, error, file=path)
        return
    found = [_dated(setting, certificate, now) for certificate in certificates]
    if setting == "cert" and len(found) > FEW:
        yield _bundle(path, found)
        return
    yield from found


def _bundle(path: str, found: list[Finding]) -> Finding:
    """Sum up the authorities of a system: that some of many have expired is usual, and harms nobody."""
    usable = sum(each.status != "failed" for each in found)
    text = f"{path} holds {len(found)} certificates, {usable} of them valid"
    return ok("cert", text, file=path) if usable else failed("cert", text, file=path)


def _dated(setting: str, certificate: CertificateFacts, now: datetime) -> Finding:
    text = f"{certificate.file} ({certificate.subject})"
    found = date_finding(setting, text, certificate.not_before, certificate.not_after, now)
    found.facts.update(file=certificate.file, certificate=certificate.subject)
    return found


def _key(settings: ServerSettings) -> Finding:
    path = settings.private_key or settings.public_key or ""
    password = settings.private_key_password
    try:
        key = read_client_pair(
            settings.public_key or "", settings.private_key, password.reveal() if password else None
        )[1]
    except ConfigurationError as error:
        return failed("private_key", error, file=path)
    encrypted = b"ENCRYPTED" in key
    note = "encrypted, and the password opens it" if encrypted else "not encrypted"
    return ok("private_key", f"{path}: belongs to the certificate, {note}", file=path, encrypted=encrypted)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
