"""The one place that sets up a libcurl handle; what it says holds for both colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pycurl

if TYPE_CHECKING:
    from mm_actions.transports.http.engine import EngineOptions
    from mm_actions.transports.http.tls import TlsMaterial

ACCEPT_ENCODING = "gzip, deflate"
_DROP_EXPECT = b"Expect:"
ALWAYS = (_DROP_EXPECT,)
"""Header lines added to every request: libcurl must not wait for a 100 before it sends a large body."""


def set_up(handle: pycurl.Curl, options: EngineOptions) -> None:
    """Set what stays the same for the life of a handle.

    Args:
        handle: A new one.
        options: The engine's.
    """
    web = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
    for option, value in (
        (pycurl.NOSIGNAL, 1),
        (pycurl.PROTOCOLS, web),
        (pycurl.REDIR_PROTOCOLS, web),
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.TCP_NODELAY, 1),
        # One handle, one connection: whether it still lives can then be looked at before it is used.
        (pycurl.MAXCONNECTS, 1),
        # A handle whose connection is too old is not used at all; libcurl must not be first to see it.
        (pycurl.MAXAGE_CONN, int(options.idle_timeout) + 60),
        (pycurl.ACCEPT_ENCODING, ACCEPT_ENCODING),
        # Stops a body that announces too much; one that announces nothing is counted as it arrives.
        (pycurl.MAXFILESIZE_LARGE, options.max_response_bytes),
        # Both must be set, or libcurl reads http_proxy and no_proxy from the environment.
        (pycurl.PROXY, options.proxy or ""),
        (pycurl.NOPROXY, ""),
        (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
    ):
        handle.setopt(option, value)


def set_material(handle: pycurl.Curl, material: TlsMaterial | None) -> None:
    """Set what the handshakes of a handle use.

    Args:
        handle: One that has not connected yet.
        material: None for the system's trust store and no client certificate.
    """
    verify = material is None or material.verify
    handle.setopt(pycurl.SSL_VERIFYPEER, 1 if verify else 0)
    handle.setopt(pycurl.SSL_VERIFYHOST, 2 if verify else 0)
    if material is not None and material.ca is not None:
        handle.setopt(pycurl.CAINFO_BLOB, material.ca)
    else:
        _use_system_store(handle)
    if material is None:
        return
    if material.crl is not None:
        handle.setopt(pycurl.CRLFILE, material.crl.path)
    if material.certificate is None:
        return
    for option in (pycurl.SSLCERTTYPE, pycurl.SSLKEYTYPE):
        handle.setopt(option, "PEM")
    handle.setopt(pycurl.SSLCERT_BLOB, material.certificate)
    handle.setopt(pycurl.SSLKEY_BLOB, material.private_key)
    if material.password is not None:
        handle.setopt(pycurl.KEYPASSWD, material.password)
    # A resumed handshake would show the server the certificate of an earlier one.
    handle.setopt(pycurl.SSL_SESSIONID_CACHE, 0)


def _use_system_store(handle: pycurl.Curl) -> None:
    """Trust what Python trusts: libcurl in a wheel has the store of the machine that built it."""
    import ssl  # noqa: PLC0415 - only for its paths, and only for https

    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None:
        handle.setopt(pycurl.CAINFO, paths.cafile)
    if paths.capath is not None:
        handle.setopt(pycurl.CAPATH, paths.capath)
