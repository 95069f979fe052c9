"""Request and response heads: header lines checked on their way out and read on their way in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mm_actions.errors import ConfigurationError
from mm_actions.transports.http.failures import conflicting_length, unfit_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mm_actions.transports.http.engine import HttpRequest

_METHODS = frozenset({"GET", "POST"})


def check_request(request: HttpRequest) -> None:
    """Refuse what must not reach any library.

    Raises:
        ConfigurationError: The url is not http or https, or the method is not served.
        EncodingFailed: A header would break out of its line.
    """
    if not request.url.startswith(("http://", "https://")):
        raise ConfigurationError(f"only http:// and https:// urls can be called, not {request.url!r}")
    try:
        host, port = urlsplit(request.url).hostname, urlsplit(request.url).port
    except ValueError as error:
        raise ConfigurationError(f"{request.url!r} is no url ({error}); correct the setting url") from error
    if not host or port == 0:
        raise ConfigurationError(f"{request.url!r} names no host; correct the setting url")
    if request.method not in _METHODS:
        raise ConfigurationError(f"the method {request.method!r} is not served; use POST or GET")
    header_lines(request.headers)


def header_lines(headers: Iterable[tuple[str, str]]) -> list[bytes]:
    """Write header lines as libcurl takes them.

    Raises:
        EncodingFailed: A name or value holds a line break, a NUL or a character outside ASCII.
    """
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in headers]
    if not lines:
        return []
    text = "\n".join(lines)
    if text.count("\n") >= len(lines) or "\r" in text or "\0" in text:
        raise unfit_header()
    try:
        return text.encode("ascii").split(b"\n")
    except UnicodeEncodeError as error:
        raise unfit_header() from error


def read_head(lines: list[bytes]) -> tuple[int, dict[str, str]]:
    """Read a response head.

    Args:
        lines: The status line and the header lines, each with its line end.

    Returns:
        The status and the headers: lower-case names, repeated ones joined by ", ".

    Raises:
        ValueError: The status line is none.
        BadAnswer: The head says the body's length in two ways.
    """
    head = b"".join(lines).decode("latin-1").split("\n")
    status = int(head[0].split(" ", 2)[1])
    headers: dict[str, str] = {}
    name = ""
    for line in head[1:]:
        if line[:1] in {" ", "\t"} and name:  # obs-fold of RFC 9112, section 5.2
            headers[name] = f"{headers[name]} {line.strip()}"
            continue
        name, colon, value = line.partition(":")
        if not colon:
            continue
        name = name.strip().lower()
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    check_length(headers)
    return status, headers


def check_length(headers: Mapping[str, str]) -> None:
    """Refuse a head that says the body's length in two ways.

    Raises:
        BadAnswer: Content-Length beside Transfer-Encoding, or two that differ.
    """
    length = headers.get("content-length")
    if length is not None and ("transfer-encoding" in headers or not length.isdigit()):
        values = {value.strip() for value in length.split(",")}
        if "transfer-encoding" in headers or len(values) > 1:
            raise conflicting_length()


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give header pairs lower-case names and one value per name."""
    headers: dict[str, str] = {}
    for raw, value in pairs:
        name = raw.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
