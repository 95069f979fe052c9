"""libcurl with nothing around it: the floor of an engine on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pycurl

from benchmarks.clients.floor import body_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from benchmarks.far_end import FarEnd


def bare(end: FarEnd, stack: ExitStack, **turn: int) -> Callable[[Any, Any], bool]:
    """Post the same encoded turn again and again, and drop what comes back."""
    handle = pycurl.Curl()
    stack.callback(handle.close)
    pieces: list[bytes] = []
    options: list[tuple[int, Any]] = [
        (pycurl.URL, end.url),
        (pycurl.POST, 1),
        (pycurl.POSTFIELDS, body_of(**turn)),
        (pycurl.HTTPHEADER, ["Content-Type: application/json", "Expect:"]),
        (pycurl.WRITEFUNCTION, pieces.append),
        (pycurl.CAINFO, end.ca),
        (pycurl.SSLCERT, end.certificate),
        (pycurl.SSLKEY, end.key),
    ]
    for option, value in options:
        if value is not None:
            handle.setopt(option, value)

    def call(_request: Any, _responder: Any) -> bool:
        pieces.clear()
        handle.perform()
        return bool(pieces)

    return call
