"""Who may call: a bearer token, or the contract's HMAC signature over time and body."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from example_server.problems import Problem, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_AGE = 300
_MAX_SIGNATURE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a caller must show; nothing by default.

    Attributes:
        token: The bearer token, or None.
        secret: The shared secret of the signature, or None.
        now: Seconds since the epoch.
    """

    token: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    now: Callable[[], float] = time.time

    def check_token(self, headers: Mapping[str, str]) -> None:
        """Refuse a caller without the token; needs no body.

        Raises:
            RefusedError: 401.
        """
        if self.token is None:
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        expected = self.token.encode()
        if scheme.casefold() != "bearer" or not hmac.compare_digest(given.strip().encode(), expected):
            raise _refused("A bearer token is needed.", "Bearer")

    def check_signature(self, headers: Mapping[str, str], body: bytes) -> None:
        """Refuse a body that the secret's owner did not sign within the last five minutes.

        Raises:
            RefusedError: 401.
        """
        if self.secret is None:
            return
        header = headers.get("x-mm-signature", "")
        fields = dict(part.strip().partition("=")[::2] for part in header[:_MAX_SIGNATURE].split(","))
        moment = fields.get("t", "")
        expected = sign(self.secret, moment, body)
        fresh = moment.isascii() and moment.isdecimal() and abs(self.now() - int(moment[:16])) <= MAX_AGE
        if not hmac.compare_digest(fields.get("v1", "").encode(), expected.encode()) or not fresh:
            raise _refused("A valid X-MM-Signature is needed.", "X-MM-Signature")


def sign(secret: str, moment: str, body: bytes) -> str:
    """Compute v1 of the signature: HMAC-SHA256 of the time, a full stop and the body."""
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def _refused(detail: str, scheme: str) -> RefusedError:
    return RefusedError(Problem.of(401, detail, headers=(("WWW-Authenticate", scheme),)))
