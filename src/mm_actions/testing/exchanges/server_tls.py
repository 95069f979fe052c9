"""TLS of a port that `record` opens."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from os import PathLike

    File = str | PathLike[str]


def server_context(
    certificate: File | None, key: File | None, *, password: str | None = None, client_ca: File | None = None
) -> ssl.SSLContext | None:
    """Make the context of a server; None for plain http.

    Args:
        certificate: PEM file of the certificate chain.
        key: PEM file of its private key.
        password: Opens the key.
        client_ca: PEM file of the authorities that client certificates must come from.

    Raises:
        ConfigurationError: A file is missing, or cannot be used.
    """
    if (certificate is None) != (key is None) or (client_ca is not None and certificate is None):
        raise ConfigurationError("tls_cert and tls_key go together, and client_ca needs them")
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise ConfigurationError(f"the TLS files cannot be used: {error}") from error
    return context
