"""Sends recorded requests again, and compares the answers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from mm_actions.contract.codec import encode
from mm_actions.contract.events import MEDIA_TYPE
from mm_actions.errors import ConnectFailed, InvocationError, TlsFailed
from mm_actions.testing.exchanges.differences import ABSENT, Difference, differences
from mm_actions.testing.exchanges.exchange import REDACTED
from mm_actions.testing.exchanges.members import MemberPath
from mm_actions.testing.exchanges.upstream import engine_for, server_of
from mm_actions.transports.http.auth import SIGNATURE, fixed_headers, signer
from mm_actions.transports.http.engine import HttpRequest
from mm_actions.transports.http.transport import USER_AGENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mm_actions.config import ServerSettings
    from mm_actions.testing.exchanges.exchange import Exchange
    from mm_actions.testing.exchanges.folder import Stored
    from mm_actions.transports.http.engine import HttpResponse

ALWAYS_IGNORED: Final = ("instance", "trace_id")
"""Members of problem details that are new each time."""

_SENT_AGAIN = ("accept", "content-type")
_METHODS = ("GET", "POST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of an exchange.

    Attributes:
        name: Its file.
        action: The action, if it called one.
        elapsed: Seconds until the answer was there.
        differences: Where the answer is another one.
        skipped: Why it was not sent; None if it was.
    """

    name: str
    action: str | None
    elapsed: float = 0.0
    differences: tuple[Difference, ...] = ()
    skipped: str | None = None


class Replay:
    """Sends exchanges again, one after the other.

    The headers Accept and Content-Type are sent as they were recorded. Idempotency keys, trace and call ids
    are not: they belong to the calls that are over.

    Args:
        settings: The server, what it wants to be shown, and how long to wait for an answer.
        ignore: Members of answers that may differ, such as ``frame.order_id``.

    Raises:
        ConfigurationError: A setting or a member's path cannot work.
    """

    def __init__(self, settings: ServerSettings, ignore: Sequence[str] = ()) -> None:
        self._settings = settings
        self._ignored = tuple(MemberPath.parse(path) for path in (*ALWAYS_IGNORED, *ignore))
        self._base = server_of(settings.url)
        self._engine = engine_for(settings)
        self._sign = signer(settings, time.time)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._base

    def run(self, stored: Sequence[Stored]) -> Iterator[Replayed]:
        """Send every exchange, and compare.

        Raises:
            InvocationError: The server is not reached, so that nothing can be compared.
        """
        try:
            for name, exchange in stored:
                yield self._one(name, exchange)
        finally:
            self._engine.close()

    def _one(self, name: str, exchange: Exchange) -> Replayed:
        if reason := _unfit(exchange):
            return Replayed(name=name, action=exchange.action, skipped=reason)
        started = time.monotonic()
        try:
            response = self._engine.send(self._request(exchange))
        except (ConnectFailed, TlsFailed):
            raise
        except InvocationError as error:
            found: tuple[Difference, ...] = (Difference("status", exchange.status, f"none: {error.cause}"),)
        else:
            found = tuple(self._compare(exchange, response))
        elapsed = time.monotonic() - started
        return Replayed(name=name, action=exchange.action, elapsed=elapsed, differences=found)

    def _request(self, exchange: Exchange) -> HttpRequest:
        body = _body(exchange)
        recorded = {name.lower(): value for name, value in exchange.request_headers.items()}
        headers = {name: recorded[name] for name in _SENT_AGAIN if name in recorded}
        if body:
            headers.setdefault("content-type", "application/json")
        given = (*self._settings.headers, *fixed_headers(self._settings))
        for name, _ in given:
            headers.pop(name.lower(), None)
        signed = () if self._sign is None else ((SIGNATURE, self._sign(body)),)
        return HttpRequest(
            method=exchange.method,
            url=self._base + exchange.path,
            headers=(("User-Agent", USER_AGENT), *headers.items(), *given, *signed),
            body=body,
            timeout=self._settings.timeout,
        )

    def _compare(self, exchange: Exchange, response: HttpResponse) -> Iterator[Difference]:
        if exchange.status != response.status:
            yield Difference("status", exchange.status, response.status)
        then = {name.lower(): value for name, value in exchange.headers.items()}.get("content-type")
        now = response.headers.get("content-type", "")
        if then is not None and _media_type(then) != _media_type(now):
            yield Difference("content-type", then, now or ABSENT)
        yield from differences(_recorded(exchange), _answered(response), self._ignored)


def needs_secrets(exchange: Exchange) -> bool:
    """Tell whether a secret of the request was redacted, so that it is sent without it."""
    return exchange.request is not UNSET and REDACTED in json.dumps(exchange.request)


def _unfit(exchange: Exchange) -> str | None:
    if exchange.method not in _METHODS:
        return f"{exchange.method} is not sent again"
    if "request" in exchange.omitted:
        return f"its request is not in the file: {exchange.omitted['request']}"
    if not exchange.whole:
        return f"its answer is not whole: {exchange.broken or exchange.omitted['answer']}"
    return None


def _body(exchange: Exchange) -> bytes:
    if exchange.request_text is not None:
        return exchange.request_text.encode()
    return b"" if exchange.request is UNSET else encode(exchange.request)


def _recorded(exchange: Exchange) -> Any:
    if exchange.events is not None:
        return exchange.events
    if exchange.answer_text is not None:
        return exchange.answer_text
    return ABSENT if exchange.answer is UNSET else exchange.answer


def _answered(response: HttpResponse) -> Any:
    """Give the body as files have it."""
    if not response.body:
        return ABSENT
    text = response.body.decode(errors="replace")
    try:
        if _media_type(response.headers.get("content-type", "")) == MEDIA_TYPE:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()
