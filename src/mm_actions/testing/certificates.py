"""Certificates made at run time and thrown away: good ones, and those that must be refused.

Needs the extra ``testing`` (trustme and cryptography).
"""

from __future__ import annotations

import datetime as dt
import ssl
import warnings
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    import trustme

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""The names a server certificate holds unless told otherwise."""

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """A certificate on disk.

    Args:
        certificate: The certificate, followed by the chain below the CA; PEM.
        private_key: Its private key; PEM.
        ca: The CA certificate that the other side may trust; PEM.
        password: What the private key is encrypted with, if it is.
    """

    certificate: Path
    private_key: Path
    ca: Path
    password: str | None = None

    def server_context(
        self,
        *,
        client_ca: Path | None = None,
        client_required: bool = True,
        minimum: ssl.TLSVersion | None = None,
        maximum: ssl.TLSVersion | None = None,
        ciphers: str = "DEFAULT:@SECLEVEL=0",
    ) -> ssl.SSLContext:
        """Return a context for a server that presents this certificate.

        Args:
            client_ca: Ask clients for a certificate issued by this CA.
            client_required: Refuse clients without one, rather than only check what they present.
            minimum: The lowest protocol version; old ones are allowed here.
            maximum: The highest protocol version.
            ciphers: OpenSSL's cipher list; by default its security level does not stand in the way of weak
                certificates and old versions.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers(ciphers)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # an old version is what the test is about
            if minimum is not None:
                context.minimum_version = minimum
            if maximum is not None:
                context.maximum_version = maximum
        context.load_cert_chain(self.certificate, self.private_key, self.password)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED if client_required else ssl.CERT_OPTIONAL
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return a context for a client that trusts the CA and presents this certificate."""
        context = ssl.create_default_context(cafile=self.ca)
        context.load_cert_chain(self.certificate, self.private_key, self.password)
        return context


class CertificateAuthority:
    """A CA for one test run, which writes what it issues into a directory.

    Args:
        directory: Where to write; files in it get new names, and none is overwritten.

    Raises:
        ConfigurationError: The extra ``testing`` is not installed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count(1)
        self._ca = _trustme().CA()
        self.certificate = self._write("ca", self._ca.cert_pem.bytes())

    def context(self) -> ssl.SSLContext:
        """Return a context for a client that trusts this CA and presents no certificate."""
        return ssl.create_default_context(cafile=self.certificate)

    def server(self, *hosts: str) -> CertificateFiles:
        """Issue a certificate for these names; for the loopback if there are none."""
        return self._save(self._ca.issue_cert(*(hosts or LOOPBACK)))

    def client(self, name: str = "client") -> CertificateFiles:
        """Issue a client certificate with a common name."""
        return self._save(self._ca.issue_cert(f"{name}@example.org", common_name=name))

    def expired(self, *hosts: str) -> CertificateFiles:
        """Issue a certificate whose time ended yesterday; it serves servers and clients."""
        return self._save(self._timed(hosts, -3 * _DAY, -_DAY))

    def not_yet_valid(self, *hosts: str) -> CertificateFiles:
        """Issue a certificate whose time begins tomorrow; it serves servers and clients."""
        return self._save(self._timed(hosts, _DAY, 3 * _DAY))

    def wrong_host(self) -> CertificateFiles:
        """Issue a certificate for another host."""
        return self.server("elsewhere.example.org")

    def common_name_only(self, host: str = "localhost") -> CertificateFiles:
        """Issue a certificate that names its host in the subject alone."""
        return self._odd(host, hosts=())

    def self_signed(self, *hosts: str) -> CertificateFiles:
        """Make a certificate that no CA issued."""
        return self._odd("self-signed", hosts=hosts or LOOPBACK, self_signed=True)

    def sha1(self, *hosts: str) -> CertificateFiles:
        """Issue a certificate signed with SHA-1, by an RSA intermediate CA that is part of the chain."""
        issuer = self._ca.create_child_ca(key_type=_trustme().KeyType.RSA)
        leaf = issuer.issue_cert(*(hosts or LOOPBACK))
        first, *chain = _chain(leaf)
        weak: bytes = _odd_certificates().weaken_signature(first, issuer.private_key_pem.bytes())
        return self._files([weak, *chain], leaf.private_key_pem.bytes())

    def rsa_1024(self, *hosts: str) -> CertificateFiles:
        """Issue a certificate for an RSA key of 1024 bits."""
        return self._odd("rsa-1024", hosts=hosts or LOOPBACK, rsa_bits=1024)

    def encrypted(self, *hosts: str, password: str = "throw-away") -> CertificateFiles:  # noqa: S107 - of no value
        """Issue a certificate whose private key is encrypted; it serves servers and clients."""
        leaf = self._ca.issue_cert(*(hosts or LOOPBACK))
        key = _odd_certificates().encrypt_key(leaf.private_key_pem.bytes(), password)
        return self._files(_chain(leaf), key, password)

    def mismatched(self) -> CertificateFiles:
        """Return a certificate beside the private key of another one."""
        one, other = self._ca.issue_cert(*LOOPBACK), self._ca.issue_cert(*LOOPBACK)
        return self._files(_chain(one), other.private_key_pem.bytes())

    def intermediate(self, *hosts: str) -> CertificateFiles:
        """Issue a certificate through an intermediate CA, which is part of the chain."""
        return self._save(self._ca.create_child_ca().issue_cert(*(hosts or LOOPBACK)))

    def incomplete_chain(self, *hosts: str) -> CertificateFiles:
        """Issue a certificate through an intermediate CA that is missing from the chain."""
        leaf = self._ca.create_child_ca().issue_cert(*(hosts or LOOPBACK))
        return self._files([leaf.cert_chain_pems[0].bytes()], leaf.private_key_pem.bytes())

    def padded_chain(self, size: int, *hosts: str) -> CertificateFiles:
        """Issue a certificate behind which come CAs that have nothing to do with it, so many bytes in all."""
        leaf = self._ca.issue_cert(*(hosts or LOOPBACK))
        chain = _chain(leaf)
        while sum(len(ssl.PEM_cert_to_DER_cert(pem.decode())) for pem in chain) < size:
            chain.append(self._ca.create_child_ca().cert_pem.bytes())
        return self._files(chain, leaf.private_key_pem.bytes())

    def revocation_list(self, *revoked: CertificateFiles, expired: bool = False) -> Path:
        """Write this CA's revocation list, PEM, that names these certificates; it may be out of date."""
        certificates = [files.certificate.read_bytes() for files in revoked]
        crl: bytes = _odd_certificates().revoke(*self._pair(), certificates, expired=expired)
        return self._write("revoked", crl)

    def _pair(self) -> tuple[bytes, bytes]:
        return self._ca.cert_pem.bytes(), self._ca.private_key_pem.bytes()

    def _timed(self, hosts: Sequence[str], begin: dt.timedelta, end: dt.timedelta) -> trustme.LeafCert:
        now = dt.datetime.now(dt.UTC)
        leaf: trustme.LeafCert
        leaf = self._ca.issue_cert(*(hosts or LOOPBACK), not_before=now + begin, not_after=now + end)
        return leaf

    def _odd(
        self,
        common_name: str,
        *,
        hosts: Sequence[str],
        rsa_bits: int = 0,
        self_signed: bool = False,
    ) -> CertificateFiles:
        certificate, key = _odd_certificates().issue(
            *self._pair(), common_name, hosts=hosts, rsa_bits=rsa_bits, self_signed=self_signed
        )
        return self._files([certificate], key)

    def _save(self, leaf: trustme.LeafCert) -> CertificateFiles:
        return self._files(_chain(leaf), leaf.private_key_pem.bytes())

    def _files(self, chain: Sequence[bytes], key: bytes, password: str | None = None) -> CertificateFiles:
        return CertificateFiles(
            certificate=self._write("certificate", b"".join(chain)),
            private_key=self._write("key", key),
            ca=self.certificate,
            password=password,
        )

    def _write(self, name: str, data: bytes) -> Path:
        path = self._directory / f"{name}-{next(self._numbers)}.pem"
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(data)
        return path


def _chain(leaf: trustme.LeafCert) -> list[bytes]:
    return [blob.bytes() for blob in leaf.cert_chain_pems]


def _trustme() -> ModuleType:
    try:
        import trustme  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise _missing("trustme") from error
    return trustme


def _odd_certificates() -> ModuleType:
    try:
        from mm_actions.testing import odd_certificates  # noqa: PLC0415 - needs an extra
    except ImportError as error:
        raise _missing("cryptography") from error
    return odd_certificates


def _missing(package: str) -> ConfigurationError:
    return ConfigurationError(
        f"test certificates need {package}, which is not installed: pip install 'mm_actions[testing]'"
    )
