"""Request and response heads: header lines checked on their way out and read on their way in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mm_actions.errors import ConfigurationError
from mm_actions.transports.http.failures import (
    MAX_INTERIM_RESPONSES,
    conflicting_length,
    not_http,
    too_many_interim_responses,
    unfit_header,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mm_actions.transports.http.engine import HttpRequest

_METHODS = frozenset({"GET", "POST"})
_MAX_KNOWN = 64
_ONE_HEAD = 2  # the head, and nothing after the empty line
_FIRST_FINAL_STATUS = 200
_FIELD = re.compile(r"\n([^\s:]+)[ \t]*:[ \t]*([^\r\n]*)")
_FOLD = re.compile(r"\r?\n[ \t]+")  # obs-fold of RFC 9112, section 5.2


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


def header_lines(
    headers: Iterable[tuple[str, str]], known: dict[tuple[str, str], bytes] | None = None
) -> list[bytes]:
    """Write header lines as libcurl takes them.

    Args:
        headers: Names and values.
        known: Lines that were written before; some are added. Most headers of a call are those of the first.

    Raises:
        EncodingFailed: A name or value holds a line break, another control character but a tab, or a
            character outside ASCII.
    """
    known = {} if known is None else known
    lines = []
    for pair in headers:
        line = known.get(pair)
        if line is None:
            name, value = pair
            text = f"{name}: {value}" if value else f"{name};"
            if not text.isascii() or not (text.isprintable() or text.replace("\t", "").isprintable()):
                raise unfit_header()
            line = text.encode("ascii")
            if len(known) < _MAX_KNOWN:
                known[pair] = line
        lines.append(line)
    return lines


def read_head(lines: list[bytes]) -> tuple[int, dict[str, str]] | None:
    """Read the final response head among everything that libcurl took for header lines.

    Args:
        lines: Heads of interim responses and of a proxy, the final head, and trailers; each line with its
            line end, each head with the empty line that ends it.

    Returns:
        The status and the headers: lower-case names, repeated ones joined by ", ". None when the final head
        is not whole.

    Raises:
        BadAnswer: There are too many interim responses, no status, or two lengths of the body.
    """
    text = b"".join(lines).decode("latin-1")
    if "\r\n" not in text:
        text = text.replace("\n", "\r\n")
    heads = text.split("\r\n\r\n")
    head = heads[0]
    if len(heads) != _ONE_HEAD or heads[1]:
        starts = [number for number, part in enumerate(heads) if part.startswith("HTTP/")]
        if len(starts) > MAX_INTERIM_RESPONSES + 1:
            raise too_many_interim_responses()
        if not starts or starts[-1] == len(heads) - 1:
            return None
        head = heads[starts[-1]]
    try:
        status = int(head[9:12])
    except ValueError as error:
        raise not_http("no status") from error
    if status < _FIRST_FINAL_STATUS:
        return None
    pairs = _FIELD.findall(head)
    headers = {name.lower(): value.rstrip() for name, value in pairs}
    if len(headers) < len(pairs) or "\n " in head or "\n\t" in head:
        headers = joined((name, value.rstrip()) for name, value in _FIELD.findall(_FOLD.sub(" ", head)))
    if "content-length" in headers:
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
