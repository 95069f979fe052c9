"""Secrets, taken out of an exchange before it is written."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final

from mm_actions.testing.exchanges.exchange import REDACTED
from mm_actions.testing.exchanges.members import MemberPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SECRET_HEADERS: Final = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-mm-signature",
    "x-api-key",
    "x-auth-token",
    "x-access-token",
)
"""Headers of which no more is written than that they were there."""

SECRET_MEMBERS: Final = (
    "authorization",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "client_secret",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "session_token",
    "api_key",
    "private_key",
    "card_number",
    "cvv",
    "cvc",
)
"""Members whose values are taken out wherever they are, in whatever case, with or without ``_`` and ``-``."""

REQUEST_HEADERS: Final = (
    "accept",
    "content-type",
    "idempotency-key",
    "traceparent",
    "x-mm-call-id",
    "x-mm-hops",
    "x-mm-timeout-ms",
)
ANSWER_HEADERS: Final = (
    "allow",
    "content-type",
    "idempotent-replayed",
    "location",
    "retry-after",
    "www-authenticate",
    "x-mm-call-id",
    "x-mm-should-retry",
)
_SHORTEST = 6
_MOST_SOUGHT = 200
_SUSPECT = re.compile("auth|cookie|key|passw|secret|session|signature|token", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?i)((?:" + "|".join(name.replace("_", "[_-]?") for name in SECRET_MEMBERS) + r"))"
    r"""(["']?\s*[=:]\s*["']?)((?:bearer\s+|basic\s+)?[^\s"'&,;<>{}]+)"""
)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


_SECRET_NAMES = frozenset(map(_plain, SECRET_MEMBERS))


class Redaction:
    """Says what is a secret.

    Args:
        members: Further members, such as ``context.token``: those whose way from the root ends so.
        headers: Further headers that are written; a secret one is not, whoever asks for it.

    Raises:
        ConfigurationError: A member's path is none.
    """

    def __init__(self, members: Iterable[str] = (), headers: Iterable[str] = ()) -> None:
        self._paths = tuple(map(MemberPath.parse, members))
        self._further = frozenset(name.strip().lower() for name in headers)

    def hides(self, trail: tuple[str, ...]) -> bool:
        """Tell whether a member is secret.

        Args:
            trail: The names on the way to it, from the root.
        """
        return _plain(trail[-1]) in _SECRET_NAMES or any(path.ends(trail) for path in self._paths)

    def writes(self, header: str, known: Sequence[str]) -> bool:
        """Tell whether a header is written."""
        return header in known or header in self._further


class Cleaning:
    """Takes the secrets out of one exchange, and what it found out of everything else in it.

    Args:
        redaction: What is a secret.
    """

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._found: set[str] = set()
        self._sorted: list[str] | None = None

    def headers(self, pairs: Iterable[tuple[str, str]], known: Sequence[str]) -> dict[str, str]:
        """Choose the headers that are written; the values of secret ones are remembered."""
        kept: dict[str, str] = {}
        for raw, value in pairs:
            name = raw.lower()
            if name in SECRET_HEADERS:
                kept[name] = REDACTED
                self._find_in_header(value)
            elif self._redaction.writes(name, known):
                kept[name] = f"{kept[name]}, {value}" if name in kept else value
            elif _SUSPECT.search(name):
                self._find_in_header(value)
        return kept

    def find(self, value: Any, trail: tuple[str, ...] = ()) -> Any:
        """Take the secret members out of a JSON value, and remember what they were."""
        if trail and value is not None and self._redaction.hides(trail):
            self._remember(value)
            return REDACTED
        if isinstance(value, dict):
            return {name: self.find(item, (*trail, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self.find(item, trail) for item in value]
        return value

    def find_in_text(self, text: str) -> str:
        """Take out of a text what is assigned to a secret name: of a form, a query, broken JSON, a page."""

        def hide(match: re.Match[str]) -> str:
            self._remember(match[3].rpartition(" ")[2])
            return f"{match[1]}{match[2]}{REDACTED}"

        return _ASSIGNED.sub(hide, text)

    def scrub(self, value: Any) -> Any:
        """Take out of a JSON value every text that was found to be secret elsewhere."""
        if isinstance(value, str):
            if value in self._found:
                return REDACTED
            for secret in self._longest():
                value = value.replace(secret, REDACTED)
            return value
        if isinstance(value, dict):
            return {self.scrub(name): self.scrub(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.scrub(item) for item in value]
        return value

    def _longest(self) -> list[str]:
        """Give the secrets that are looked for within texts, the longest first: so many that it is quick."""
        if self._sorted is None or len(self._sorted) < min(len(self._found), _MOST_SOUGHT):
            self._sorted = sorted(self._found, key=len, reverse=True)[:_MOST_SOUGHT]
        return self._sorted

    def _find_in_header(self, value: str) -> None:
        """Remember a header's value, what follows its scheme, and the parts of a cookie or a signature."""
        self._remember(value)
        scheme, _, rest = value.partition(" ")
        self._remember(rest)
        if scheme.lower() == "basic":
            try:
                pair = base64.b64decode(rest, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                pair = ""
            self._remember(pair.partition(":")[2])
        for part in re.split("[;,]", value):
            self._remember(part.partition("=")[2].strip().strip('"'))

    def _remember(self, value: Any) -> None:
        """Keep what is long enough not to be found in harmless texts by chance."""
        if isinstance(value, dict):
            for item in value.values():
                self._remember(item)
        elif isinstance(value, list):
            for item in value:
                self._remember(item)
        elif isinstance(value, str) and len(value) >= _SHORTEST and value != REDACTED:
            self._found.add(value)
