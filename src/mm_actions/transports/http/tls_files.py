"""Reads the PEM files of a TLS configuration and proves that they fit together, before anybody connects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

_PEM_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_PEM_LIST = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)
_PEM_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What a person wants to know about a certificate.

    Attributes:
        file: Where it was read.
        subject: Its subject, as RFC 4514 writes it.
        not_before: The first moment of its validity.
        not_after: The last moment of its validity.
    """

    file: str
    subject: str
    not_before: datetime
    not_after: datetime

    def __str__(self) -> str:
        """Name the file, the subject and the dates."""
        return f"{self.file} ({self.subject}, valid {self.not_before:%Y-%m-%d} to {self.not_after:%Y-%m-%d})"


def read_certificates(path: str, setting: str) -> tuple[bytes, tuple[CertificateFacts, ...]]:
    """Read every certificate of a PEM file.

    Args:
        path: The file.
        setting: The configuration key that names it, for messages.

    Returns:
        The certificates as PEM without anything around them, and their facts in the file's order.

    Raises:
        ConfigurationError: The file cannot be read or holds no usable certificate.
    """
    certificates, pem = _certificates(path, setting)
    return pem, tuple(_facts(path, certificate) for certificate in certificates)


def read_revocation_lists(path: str, setting: str) -> bytes:
    """Read every revocation list of a PEM file.

    Args:
        path: The file.
        setting: The configuration key that names it, for messages.

    Returns:
        The lists as PEM without anything around them.

    Raises:
        ConfigurationError: The file cannot be read or holds no usable list.
    """
    from cryptography.x509 import load_pem_x509_crl  # noqa: PLC0415 - see _certificates

    blocks = _PEM_LIST.findall(_read(path, setting))
    if not blocks:
        raise ConfigurationError(
            f"the file {path} holds no PEM revocation list (no '-----BEGIN X509 CRL-----'); "
            f"convert it to PEM or correct the setting {setting}"
        )
    try:
        for block in blocks:
            load_pem_x509_crl(block)
    except ValueError as error:
        raise ConfigurationError(
            f"the file {path} holds a damaged revocation list ({error}); replace it or correct {setting}"
        ) from error
    return b"\n".join(blocks) + b"\n"


def read_client_pair(
    certificate_path: str, key_path: str | None, password: str | None
) -> tuple[bytes, bytes, CertificateFacts]:
    """Read a client certificate with its chain, and the private key that belongs to it.

    Args:
        certificate_path: The certificate; without a key path it holds the private key as well.
        key_path: The private key.
        password: Opens an encrypted key.

    Returns:
        The chain as PEM, the key as PEM (still encrypted if it was), and the facts of the certificate.

    Raises:
        ConfigurationError: A file cannot be used, or the two do not belong together.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - slow

    certificates, chain = _certificates(certificate_path, "public_key")
    holder = key_path or certificate_path
    found = _PEM_KEY.search(_read(holder, "private_key" if key_path else "public_key"))
    if found is None:
        raise ConfigurationError(
            f"the file {holder} holds no PEM private key; set private_key to the file that holds it"
        )
    key = _private_key(holder, found.group(), password)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificates[0].public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
        raise ConfigurationError(
            f"the private key in {holder} does not belong to the certificate in {certificate_path}; "
            "set public_key and private_key to files of one pair"
        )
    return chain, found.group() + b"\n", _facts(certificate_path, certificates[0])


def _read(path: str, setting: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise ConfigurationError(f"the file {path} does not exist; correct the setting {setting}") from error
    except OSError as error:
        raise ConfigurationError(
            f"the file {path} cannot be read ({error.strerror}); correct its permissions or {setting}"
        ) from error


def _certificates(path: str, setting: str) -> tuple[list[Certificate], bytes]:
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 - 30 ms, only when files are given

    blocks = _PEM_CERTIFICATE.findall(_read(path, setting))
    if not blocks:
        raise ConfigurationError(
            f"the file {path} holds no PEM certificate (no '-----BEGIN CERTIFICATE-----'); "
            f"convert it to PEM or correct the setting {setting}"
        )
    pem = b"\n".join(blocks) + b"\n"
    try:
        return load_pem_x509_certificates(pem), pem
    except ValueError as error:
        raise ConfigurationError(
            f"the file {path} holds a damaged certificate ({error}); replace it or correct {setting}"
        ) from error


def _private_key(path: str, pem: bytes, password: str | None) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see _certificates
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    encrypted = b"ENCRYPTED" in pem
    if encrypted and password is None:
        raise ConfigurationError(f"the private key in {path} is encrypted; set private_key_password")
    try:
        return load_pem_private_key(pem, password.encode() if encrypted and password is not None else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The library's message is left out: it may quote what it could not decode.
        if encrypted:
            cause = "cannot be opened with the password that was given; correct private_key_password"
        else:
            cause = "is damaged or of an unknown kind; replace it or correct the setting private_key"
        raise ConfigurationError(f"the private key in {path} {cause}") from error


def _facts(path: str, certificate: Certificate) -> CertificateFacts:
    return CertificateFacts(
        file=path,
        subject=certificate.subject.rfc4514_string() or "no subject",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )
