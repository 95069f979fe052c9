"""Certificates and keys: loaded once, checked at once, and loaded again when the files were replaced."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mm_actions.errors import ConfigurationError
from mm_actions.transports.http.lent_file import LentFile
from mm_actions.transports.http.tls_files import (
    CertificateFacts,
    read_certificates,
    read_client_pair,
    read_revocation_lists,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from datetime import datetime

logger = logging.getLogger("mm_actions.tls")

_File = str | os.PathLike[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TlsMaterial:
    """What one handshake needs, in memory. Two materials are the same only if they are one object.

    Attributes:
        verify: Whether the server's certificate and name are checked.
        ca: PEM certificates that vouch for the server; None for the system's trust store.
        certificate: PEM chain of the client certificate; None when there is none.
        private_key: PEM key of the client certificate, encrypted if its file was.
        password: Opens the key.
        ca_facts: What the CA file holds.
        client_facts: Which client certificate is shown.
        crl: PEM revocation lists of every authority in the server's chain; None asks nobody who is revoked.
    """

    verify: bool = True
    ca: bytes | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    private_key: bytes | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca_facts: tuple[CertificateFacts, ...] = ()
    client_facts: CertificateFacts | None = None
    crl: LentFile | None = field(default=None, repr=False)

    @classmethod
    def load(
        cls,
        *,
        ca: _File | None = None,
        certificate: _File | None = None,
        private_key: _File | None = None,
        password: str | None = None,
        verify: bool = True,
        crl: _File | None = None,
    ) -> TlsMaterial:
        """Read the files and prove that they can work.

        Args:
            ca: PEM file of the CAs that vouch for the server.
            certificate: PEM file of the client certificate and its chain; may hold the key as well.
            private_key: PEM file of the client certificate's key.
            password: Opens an encrypted key.
            verify: Whether to check the server's certificate.
            crl: PEM file of the revocation lists of every authority in the server's chain.

        Raises:
            ConfigurationError: A file is missing, unreadable or no PEM, the key is not the certificate's,
                or the password does not open it. Dates are not judged here, see :meth:`warnings`.
        """
        roots: bytes | None = None
        ca_facts: tuple[CertificateFacts, ...] = ()
        if ca is not None:
            roots, ca_facts = read_certificates(os.fspath(ca), "cert")
        lists = None if crl is None else LentFile(read_revocation_lists(os.fspath(crl), "crl"))
        if certificate is None:
            if private_key is not None:
                raise ConfigurationError(
                    f"there is a private key ({os.fspath(private_key)}) but no certificate; set public_key"
                )
            return cls(verify=verify, ca=roots, ca_facts=ca_facts, crl=lists)
        key_path = None if private_key is None else os.fspath(private_key)
        chain, key, facts = read_client_pair(os.fspath(certificate), key_path, password)
        return cls(
            verify=verify,
            ca=roots,
            certificate=chain,
            private_key=key,
            password=password if b"ENCRYPTED" in key else None,
            ca_facts=ca_facts,
            client_facts=facts,
            crl=lists,
        )

    def current(self) -> TlsMaterial:
        """Give itself: a fixed material stands wherever a :class:`TlsSource` may stand."""
        return self

    def warnings(self, now: datetime) -> tuple[str, ...]:
        """Say which certificates cannot be valid at a moment; the clock is the caller's."""
        every = (*self.ca_facts, *((self.client_facts,) if self.client_facts else ()))
        late = [f"{facts} has expired" for facts in every if facts.not_after < now]
        early = [f"{facts} is not valid yet" for facts in every if facts.not_before > now]
        return (*late, *early)

    def ssl_context(self) -> ssl.SSLContext:
        """Make a context for libraries that use Python's ssl module; it costs milliseconds, so keep it.

        Raises:
            ConfigurationError: OpenSSL refuses a certificate or key, for example as too weak.
        """
        import ssl  # noqa: PLC0415 - plain http never needs it

        from mm_actions.transports.http.tls_sockets import let_explain  # noqa: PLC0415 - the same

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # As libcurl does: a CA file may name an intermediate CA.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            if self.ca is None:
                context.load_default_certs()
            else:
                context.load_verify_locations(cadata=self.ca.decode("ascii"))
            if self.certificate is not None and self.private_key is not None:
                with LentFile(self.certificate + self.private_key) as file:
                    context.load_cert_chain(file.path, password=self.password)
            if self.crl is not None:
                context.load_verify_locations(self.crl.path)
                # Of the whole chain, as libcurl does.
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        except ssl.SSLError as error:
            raise ConfigurationError(
                f"OpenSSL refuses {self.client_facts or 'the CA file'} ({error.reason}); replace it"
            ) from error
        return let_explain(context)


class _Stamp(NamedTuple):
    modified: int
    size: int
    inode: int


class TlsSource:
    """The TLS files of a server, followed while the program runs.

    Files are looked at when a connection is about to be used, at most once per ``interval``. A pair that
    does not fit together, because somebody is half-way through replacing it, is logged once and ignored.

    Args:
        ca: As in :meth:`TlsMaterial.load`.
        certificate: As in :meth:`TlsMaterial.load`.
        private_key: As in :meth:`TlsMaterial.load`.
        password: As in :meth:`TlsMaterial.load`.
        verify: As in :meth:`TlsMaterial.load`.
        crl: As in :meth:`TlsMaterial.load`.
        interval: Seconds between two looks at the files.
        clock: Monotonic seconds.

    Raises:
        ConfigurationError: As :meth:`TlsMaterial.load`.
    """

    def __init__(
        self,
        *,
        ca: _File | None = None,
        certificate: _File | None = None,
        private_key: _File | None = None,
        password: str | None = None,
        verify: bool = True,
        crl: _File | None = None,
        interval: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = tuple(
            os.fspath(path) for path in (ca, certificate, private_key, crl) if path is not None
        )
        self._interval = interval
        self._clock = clock
        self._looking = threading.Lock()

        def load() -> TlsMaterial:
            return TlsMaterial.load(
                ca=ca,
                certificate=certificate,
                private_key=private_key,
                password=password,
                verify=verify,
                crl=crl,
            )

        self._load = load
        self._refused: tuple[_Stamp | None, ...] | None = None
        self._stamps = self._look()
        self._material = load()
        self._next_look = clock() + interval

    def __repr__(self) -> str:
        """Name the files, nothing that is in them."""
        return f"TlsSource({', '.join(self._paths)})"

    def current(self) -> TlsMaterial:
        """Give the newest material that is whole."""
        if self._paths and self._clock() >= self._next_look and self._looking.acquire(blocking=False):
            try:
                self._next_look = self._clock() + self._interval
                self._renew()
            finally:
                self._looking.release()
        return self._material

    def _renew(self) -> None:
        before = self._look()
        if before in (self._stamps, self._refused):
            return
        try:
            material = self._load()
        except ConfigurationError as error:
            logger.warning("replaced TLS files are ignored, the old ones stay in use: %s", error)
            self._refused = before
            return
        if self._look() != before:
            return  # still being written; the next look decides
        self._stamps, self._material, self._refused = before, material, None
        logger.info("new connections use the replaced TLS files %s", ", ".join(self._paths))

    def _look(self) -> tuple[_Stamp | None, ...]:
        return tuple(_stamp(path) for path in self._paths)


def _stamp(path: str) -> _Stamp | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return _Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
