"""Certificates that a careful issuer would not make: too weak, without names, signed by themselves."""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable

    Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_DAY = dt.timedelta(days=1)

_SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
_SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")
"""Object identifiers in DER; of one length, so one can take the other's place."""


def issue(
    ca_certificate: bytes,
    ca_key: bytes,
    common_name: str,
    *,
    hosts: Iterable[str] = (),
    rsa_bits: int = 0,
    self_signed: bool = False,
) -> tuple[bytes, bytes]:
    """Return a certificate for servers and clients, and its private key, both as PEM.

    Args:
        ca_certificate: The issuer, as PEM.
        ca_key: The issuer's private key, as PEM.
        common_name: The subject's common name.
        hosts: Host names and addresses for the subject alternative name; none leaves the extension out.
        rsa_bits: Use an RSA key of so many bits instead of an elliptic curve.
        self_signed: Leave the issuer out and sign with the certificate's own key.
    """
    key: Key
    key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    issuer = subject if self_signed else x509.load_pem_x509_certificate(ca_certificate).subject
    signer = key if self_signed else _load_key(ca_key)
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 30 * _DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names := [_name(host) for host in hosts]:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(signer, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM), _dump_key(key)


def weaken_signature(certificate: bytes, ca_key: bytes) -> bytes:
    """Return a certificate of an RSA issuer with its signature remade with SHA-1; PEM in, PEM out.

    cryptography builds no such certificate any more, so the parts are put together here (RFC 5280, 4.1).
    """
    key = _load_key(ca_key)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("only an RSA issuer's signature can be remade")
    signed = x509.load_pem_x509_certificate(certificate).tbs_certificate_bytes
    signed = signed.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - weak on purpose
    whole = _der(0x30, signed + _der(0x30, _SHA1_WITH_RSA + b"\x05\x00") + _der(0x03, b"\x00" + signature))
    return x509.load_der_x509_certificate(whole).public_bytes(serialization.Encoding.PEM)


def encrypt_key(key: bytes, password: str) -> bytes:
    """Return a private key in PEM, readable only with the password."""
    return _load_key(key).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )


def revoke(
    ca_certificate: bytes, ca_key: bytes, certificates: Iterable[bytes], *, expired: bool = False
) -> bytes:
    """Return the issuer's revocation list, as PEM, that names these certificates.

    Args:
        ca_certificate: The issuer, as PEM.
        ca_key: The issuer's private key, as PEM.
        certificates: What is revoked, as PEM.
        expired: Whether a newer list was due an hour ago.
    """
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_pem_x509_certificate(ca_certificate).subject)
        .last_update(now - _DAY)
        .next_update(now - _DAY / 24 if expired else now + 30 * _DAY)
    )
    for pem in certificates:
        serial = x509.load_pem_x509_certificate(pem).serial_number
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - _DAY)
        builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(_load_key(ca_key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:  # noqa: PLR2004 - the long form begins here
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _load_key(pem: bytes) -> Key:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError(f"a key of type {type(key).__name__} cannot sign here")
    return key


def _dump_key(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
