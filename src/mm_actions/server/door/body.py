"""Reading the body of a request: no more than is allowed, and no longer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mm_actions.server.calls.driving import Late, Outcome
from mm_actions.server.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from mm_actions.server.calls.driving import Driver

    Receive = Callable[[], Awaitable[Any]]

INVALID = "urn:mm-actions:problem:invalid-request"
_CLOSE = {"Connection": "close"}
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")


class Gone(Exception):
    """The client left before its request was complete."""


def check_type(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a body that does not call itself JSON in UTF-8, or that is compressed.

    Raises:
        ActionError: 415.
    """
    given = headers.get(b"content-type", b"")
    if given != b"application/json" and not _is_json(given):
        raise _unsupported("The body must be application/json.", {"Accept-Post": "application/json"})
    coding = headers.get(b"content-encoding")
    if coding is not None and coding.strip().lower() not in {b"", b"identity"}:
        raise _unsupported("The body must not be compressed.", {"Accept-Encoding": "identity"})


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], *, most: int, seconds: float, driver: Driver
) -> bytes:
    """Read a whole body.

    Args:
        receive: Gives the messages of ASGI.
        headers: The request's.
        most: Bytes.
        seconds: Within which it must have arrived.
        driver: Keeps the time, if there is any waiting.

    Raises:
        ActionError: 413 or 408; either asks for the connection to be closed, as the rest is not wanted.
        Gone: The client left.
    """
    length = headers.get(b"content-length")
    if length is not None and length.isdigit() and int(length) > most:
        raise _too_large(most)
    collecting = _collect(receive, most)
    try:
        first = driver.begin(collecting, None)
        outcome = first if type(first) is Outcome else await driver.rest(collecting, first, None, seconds)
    except Late:
        raise ActionError(
            408, detail=f"The body did not arrive within {seconds:g} s.", headers=_CLOSE
        ) from None
    if outcome.error is not None:
        raise outcome.error
    body: bytes = outcome.value
    return body


async def _collect(receive: Receive, limit: int) -> bytes:
    message = await receive()
    if not message.get("more_body") and message["type"] == "http.request":
        whole: bytes = message.get("body", b"")
        if len(whole) > limit:
            raise _too_large(limit)
        return whole
    most = limit
    pieces: list[bytes] = []
    while True:
        if message["type"] != "http.request":
            raise Gone
        pieces.append(message.get("body", b""))
        most -= len(pieces[-1])
        if most < 0:
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join(pieces)
        message = await receive()


@lru_cache(maxsize=64)
def _is_json(given: bytes) -> bool:
    media_type, _, parameters = given.decode("latin-1").lower().partition(";")
    media_type = media_type.strip()
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
    json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    return json and charset in _CHARSETS


def _unsupported(detail: str, headers: dict[str, str]) -> ActionError:
    return ActionError(
        415,
        "Unsupported media type",
        detail,
        kind="urn:mm-actions:problem:media-type",
        headers=headers,
    )


def _too_large(most: int) -> ActionError:
    return ActionError(
        413,
        "Content too large",
        f"The body may have {most} bytes.",
        kind="urn:mm-actions:problem:too-large",
        headers=_CLOSE,
    )
