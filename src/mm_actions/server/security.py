"""Who may call: guards that look at the head of a request, and at its body once that has arrived."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from mm_actions.config import Secret
from mm_actions.errors import ConfigurationError
from mm_actions.server.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOLERANCE = 300
"""Seconds by which the time of a signature may differ from ours."""
_LONGEST_HEADER = 4096
_MOST_SIGNATURES = 8
_MOST_SEEN = 100_000
_DIGITS = 12


class Guard(Protocol):
    """Refuses callers by raising an :exc:`ActionError`."""

    def admit_head(self, headers: Mapping[bytes, bytes]) -> None:
        """Look at the head, before the body is read."""
        ...

    def admit_body(self, headers: Mapping[bytes, bytes], body: bytes) -> None:
        """Look at the whole request, before it is decoded."""
        ...


class BearerTokens:
    """Admits callers with one of several tokens, so that a token can be replaced while the old one is in use.

    Args:
        tokens: The tokens.

    Raises:
        ConfigurationError: There is none, or an empty one.
    """

    def __init__(self, *tokens: str | Secret) -> None:
        self._tokens = _secrets(tokens, "a bearer token")

    def admit_head(self, headers: Mapping[bytes, bytes]) -> None:
        """Compare with every token, and take the same time whether one fits or none."""
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        given = given.strip()
        fits = False
        for token in self._tokens:
            fits |= hmac.compare_digest(given, token)
        if not fits or scheme.lower() != b"bearer":
            raise _unauthorized("A bearer token is needed.", "Bearer")

    def admit_body(self, headers: Mapping[bytes, bytes], body: bytes) -> None:
        """Have nothing against any body."""


class BasicUsers:
    """Admits users with a name and a password.

    Args:
        users: Passwords by name.

    Raises:
        ConfigurationError: There is none, or an empty password.
    """

    def __init__(self, users: Mapping[str, str | Secret]) -> None:
        passwords = _secrets(tuple(users.values()), "a password")
        if any(":" in name for name in users):
            raise ConfigurationError("a user's name has no colon (RFC 7617, 2)")
        self._pairs = tuple(
            name.encode() + b":" + password for name, password in zip(users, passwords, strict=True)
        )

    def admit_head(self, headers: Mapping[bytes, bytes]) -> None:
        """Compare with every user, and take the same time whether one fits or none."""
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        try:
            pair = base64.b64decode(given.strip(), validate=True)
        except (binascii.Error, ValueError):
            pair = b""
        fits = False
        for known in self._pairs:
            fits |= hmac.compare_digest(pair, known)
        if not fits or scheme.lower() != b"basic":
            raise _unauthorized(
                "A user's name and password are needed.", 'Basic realm="actions", charset="UTF-8"'
            )

    def admit_body(self, headers: Mapping[bytes, bytes], body: bytes) -> None:
        """Have nothing against any body."""


class SignedBodies:
    """Admits requests that one of several secrets signed within the last five minutes.

    The header is ``X-MM-Signature: t=<unix seconds>,v1=<hex>``, where v1 is HMAC-SHA256 of the time, a full
    stop and the body. Several v1 are tried, so that a caller may sign with an old and a new secret; other
    versions are passed over.

    Args:
        secrets: The secrets; several while one replaces another.
        refuse_replays: Whether a signature counts once only. A client that repeats a call within the same
            second signs it in the same way, so leave this off for clients that try again, and rely on
            ``Idempotency-Key``. Each process keeps its own account.
        clock: Unix time.

    Raises:
        ConfigurationError: There is no secret, or an empty one.
    """

    def __init__(
        self,
        *secrets: str | Secret,
        refuse_replays: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = _secrets(secrets, "a secret")
        self._clock = clock
        self._seen: OrderedDict[bytes, float] | None = OrderedDict() if refuse_replays else None

    def admit_head(self, headers: Mapping[bytes, bytes]) -> None:
        """Refuse what has no signature at all, without waiting for its body."""
        self._parts(headers)

    def admit_body(self, headers: Mapping[bytes, bytes], body: bytes) -> None:
        """Verify, in the same time whichever secret fits, if any."""
        moment, given = self._parts(headers)
        fitting = b""
        for secret in self._secrets:
            expected = hmac.new(secret, moment + b"." + body, hashlib.sha256).hexdigest().encode()
            for signature in given:
                if hmac.compare_digest(signature, expected):
                    fitting = expected
        if not fitting:
            raise _unsigned()
        if self._seen is not None:
            self._count_once(fitting)

    def _parts(self, headers: Mapping[bytes, bytes]) -> tuple[bytes, list[bytes]]:
        header = headers.get(b"x-mm-signature", b"")
        moments, signatures = [], []
        if len(header) <= _LONGEST_HEADER:
            for part in header.split(b","):
                name, _, value = part.strip().partition(b"=")
                if name == b"t":
                    moments.append(value)
                elif name == b"v1":
                    signatures.append(value)
        if len(moments) != 1 or not 0 < len(signatures) <= _MOST_SIGNATURES:
            raise _unsigned()
        moment = moments[0]
        if not moment.isdigit() or len(moment) > _DIGITS or abs(self._clock() - int(moment)) > TOLERANCE:
            raise _unsigned()
        return moment, signatures

    def _count_once(self, signature: bytes) -> None:
        seen, now = self._seen, self._clock()
        if seen is None:
            return
        while seen and next(iter(seen.values())) < now:
            seen.popitem(last=False)
        if signature in seen:
            raise _unsigned()
        if len(seen) >= _MOST_SEEN:
            raise ActionError(503, "Overloaded", "Too many signatures to remember.", retry_after=1)
        # A time that lies ahead of ours by the tolerance is good for twice as long.
        seen[signature] = now + 2 * TOLERANCE


def _secrets(values: tuple[str | Secret, ...], what: str) -> tuple[bytes, ...]:
    texts = [value.reveal() if isinstance(value, Secret) else value for value in values]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise ConfigurationError(f"{what} is needed, and it must not be empty")
    return tuple(text.encode() for text in texts)


def _unauthorized(detail: str, scheme: str) -> ActionError:
    return ActionError(
        401,
        "Unauthorized",
        detail,
        kind="urn:mm-actions:problem:unauthorized",
        headers={"WWW-Authenticate": scheme},
    )


def _unsigned() -> ActionError:
    return _unauthorized("A valid X-MM-Signature is needed.", "X-MM-Signature")
