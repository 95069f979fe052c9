"""Credentials as headers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from mm_actions.config import BasicAuth, BearerAuth, HmacAuth

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.config import ServerSettings

SIGNATURE = "X-MM-Signature"


def fixed_headers(settings: ServerSettings) -> tuple[tuple[str, str], ...]:
    """Give the credentials that are the same for every request."""
    auth = settings.auth
    if isinstance(auth, BearerAuth):
        return (("Authorization", f"Bearer {auth.token.reveal()}"),)
    if isinstance(auth, BasicAuth):
        pair = base64.b64encode(f"{auth.username}:{auth.password.reveal()}".encode()).decode()
        return (("Authorization", f"Basic {pair}"),)
    return ()


def signer(settings: ServerSettings, wall_clock: Callable[[], float]) -> Callable[[bytes], str] | None:
    """Give what signs a body, or None when the settings ask for no signature."""
    if not isinstance(settings.auth, HmacAuth):
        return None
    secret = settings.auth.secret.reveal().encode()
    return lambda body: signature(secret, body, int(wall_clock()))


def signature(secret: bytes, body: bytes, timestamp: int) -> str:
    """Sign a body: HMAC-SHA256 of the time, a full stop and the body, as the contract's hmacSignature says.

    Args:
        secret: The shared secret.
        body: The raw body.
        timestamp: Unix time in seconds.
    """
    digest = hmac.new(secret, b"%d.%b" % (timestamp, body), hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
