"""Tells why a TLS handshake failed from what OpenSSL says, whichever library asked it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mm_actions.errors import ClientCertificateRejected, Sent, TlsFailed, TlsPeerUntrusted

if TYPE_CHECKING:
    from mm_actions.transports.http.tls import TlsMaterial

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
EXPIRED = 10
HOST_MISMATCH = 62
_NEEDS_CA = {2, 18, 19, 20, 21}
_ABOUT_LISTS = {3, 8, 11, 12}
_REASONS = {
    2: "an issuer of its certificate is not known",
    3: "there is no revocation list of an authority in its chain",
    8: "the signature of a revocation list is wrong",
    9: "its certificate is not valid yet",
    EXPIRED: "its certificate has expired",
    11: "a revocation list is not valid yet",
    12: "a revocation list has expired",
    18: "its certificate is self-signed",
    19: "its chain ends in a self-signed CA that is not known",
    20: "its certificate was issued by a CA that is not known",
    21: "its chain is incomplete: the server must send the intermediate certificates",
    23: "its certificate was revoked",
    24: "an issuer of its certificate is no CA",
    26: "its certificate is not meant for servers",
    HOST_MISMATCH: "its certificate is for another host name",
    64: "its certificate is for another IP address",
    66: "the key of its certificate is too small",
    67: "a CA key in its chain is too small",
    68: "a signature in its chain uses a broken digest",
}

# Alerts of RFC 8446, section 6.2, by which a server refuses what the client showed.
_ABOUT_CLIENT = re.compile(
    r"alert (certificate required|bad certificate|unsupported certificate|certificate revoked"
    r"|certificate expired|certificate unknown|unknown ca|access denied|decrypt error)"
)
_ALERT = re.compile(r"alert ([a-z ]+?)(?:[,:(]|$)")
_HANDSHAKE_FAILURE = "alert handshake failure"


def peer_untrusted(code: int, detail: str, host: str) -> TlsPeerUntrusted:
    """Say why the server's certificate was refused.

    Args:
        code: OpenSSL's verify result; 0 when the certificate was never judged.
        detail: OpenSSL's own words, for codes without an entry here.
        host: The name that was asked for.
    """
    reason = _REASONS.get(code, detail)
    hint = ""
    if code in _NEEDS_CA:
        hint = "If the server is yours, set cert=<your CA file>."
    elif code in {HOST_MISMATCH, 64}:
        hint = "Write the name that the certificate carries as subjectAltName into url."
    elif code in {9, EXPIRED}:
        hint = "Renew the server's certificate, or correct this machine's clock."
    elif code in _ABOUT_LISTS:
        hint = "Put a current list of every authority in the chain into the file that crl names."
    return TlsPeerUntrusted(f"{host} is not trusted: {reason}", hint=hint)


def client_refusal(text: str, material: TlsMaterial | None, sent: Sent, *, asked: bool) -> TlsFailed | None:
    """Recognise a server that refuses the client certificate, or the lack of one.

    Args:
        text: OpenSSL's words for the failure, in any spelling.
        material: What the client had to show.
        sent: Whether the request may have gone out: on TLS 1.3 the refusal comes after the handshake.
        asked: Whether the server is known to have asked for a certificate; TLS 1.2 has no alert of its
            own for a missing one.

    Returns:
        None when the text tells of something else.
    """
    words = text.lower().replace("_", " ")
    alert = _ABOUT_CLIENT.search(words)
    if alert is None and not (asked and _HANDSHAKE_FAILURE in words):
        return None
    said = alert.group(1) if alert else "handshake failure"
    return certificate_rejected(f"it said {said!r}", material, sent)


def certificate_rejected(said: str, material: TlsMaterial | None, sent: Sent) -> ClientCertificateRejected:
    """Say that the server wants another client certificate, and which one it got."""
    if material is None or material.client_facts is None:
        return ClientCertificateRejected(
            f"the server asks for a client certificate and none is configured ({said})",
            hint="Set public_key and private_key.",
            sent=sent,
        )
    return ClientCertificateRejected(
        f"the server refused the client certificate {material.client_facts} ({said})",
        hint="Show one that is in its validity and issued by a CA that the server accepts.",
        sent=sent,
    )


def handshake_failed(text: str, sent: Sent) -> TlsFailed:
    """Say that no secure channel came about, for a reason that is nobody's certificate."""
    words = text.lower().replace("_", " ")
    if any(sign in words for sign in ("wrong version number", "packet length too long", "http request")):
        return TlsFailed(
            "the server does not answer in TLS", hint="Its port may be for plain http.", sent=sent
        )
    if "excessive message size" in words:
        return TlsFailed(
            "the server's certificate and its chain are larger than OpenSSL takes, 100 KiB",
            hint="Leave out of the chain what is not needed, or divide the names among certificates.",
            sent=sent,
        )
    alert = _ALERT.search(words)
    if alert:
        cause = f"the server broke off the TLS handshake: {alert.group(1).strip()}"
    else:
        cause = f"no secure channel: {text}"
    return TlsFailed(cause, hint="TLS 1.2 or newer and a common cipher are needed.", sent=sent)
