"""What a check has in its hands: requests to the server, and what is known of it."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.conformance.check import Failed
from mm_actions.conformance.exchange import KEPT, Exchange, SentRequest
from mm_actions.conformance.http11 import Line, NoAnswer
from mm_actions.conformance.payloads import invocation

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from mm_actions.conformance.examination import Examination
    from mm_actions.conformance.exchange import Headers, Response

T = TypeVar("T")
JSON_TYPE = "application/json"
ABSENT = (404, 405, 501)
"""Statuses of an operation that a server does not have."""
_HESITATION = 1.0


class Probe:
    """Makes the requests of one check, and keeps them for the report.

    Args:
        examination: What all checks share.
        check_id: The check; it is named in ``User-Agent``, so that a server's log tells whose request it is.
    """

    def __init__(self, examination: Examination, check_id: str) -> None:
        self._examination = examination
        self.target = examination.target
        self.options = examination.options
        self.action = examination.action
        self.idempotent_actions = examination.idempotent_actions
        self.exchanges: list[Exchange] = []
        self._name = f"mm-actions-conform/{version('mm_actions')} ({check_id})"
        self._text = f"conformance check {check_id}"

    @property
    def seen(self) -> Sequence[Exchange]:
        """Every exchange of the run so far, those of other checks included."""
        return self._examination.exchanges

    def shared(self, name: str, make: Callable[[], T]) -> T:
        """Make something once for all checks."""
        known: dict[str, Any] = self._examination.known
        if name not in known:
            known[name] = make()
        made: T = known[name]
        return made

    def body(self, **members: Any) -> dict[str, Any]:
        """Make the body of a plain invocation; members as of :func:`.payloads.invocation`."""
        return invocation(self.action, **{"text": self._text, **members})

    def line(self, *, tls: ssl.SSLContext | None = None) -> Line:
        """Connect.

        Raises:
            NoAnswer: There is no connection.
        """
        deadline = self._examination.deadline.within(self.options.wait)
        target = self.target
        return Line(target.host, target.port, tls=tls or target.tls, deadline=deadline)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: Headers = (),
        credentials: bool = True,
        chunked: bool = False,
    ) -> SentRequest:
        """Make a request, with credentials unless it must have none."""
        shown = self.target.credentials(body) if credentials else ()
        given = {name.lower() for name, _ in headers}
        kept = [
            pair
            for pair in (("User-Agent", self._name), ("Accept", JSON_TYPE), *shown)
            if pair[0].lower() not in given
        ]
        return SentRequest(
            method=method,
            path=path,
            headers=(*kept, *headers),
            body=body,
            size=len(body),
            chunked=chunked,
        )

    def exchange(
        self,
        request: SentRequest,
        *,
        line: Line | None = None,
        tls: ssl.SSLContext | None = None,
        hesitation: float = 0.0,
    ) -> Exchange:
        """Send a request and read what comes back; that nothing comes is a result too.

        Args:
            request: The request.
            line: A connection to use; a new one without it.
            tls: How to speak TLS on a new connection.
            hesitation: Seconds to wait for a word of the server between head and body.
        """
        started = time.monotonic()
        response, error, late = None, "", False
        try:
            if line is not None:
                response = _carried(line, request, hesitation)
            else:
                with self.line(tls=tls) as fresh:
                    response = _carried(fresh, request, hesitation)
        except NoAnswer as missing:
            error, late = str(missing), missing.late
        elapsed = time.monotonic() - started
        return self.keep(
            Exchange(request=request, response=response, error=error, late=late, elapsed=elapsed)
        )

    def keep(self, exchange: Exchange) -> Exchange:
        """Put an exchange into the report, a long body cut."""
        kept = replace(exchange, request=replace(exchange.request, body=exchange.request.body[:KEPT]))
        self.exchanges.append(kept)
        self._examination.exchanges.append(kept)
        return kept

    def post(
        self,
        payload: Any = None,
        *,
        headers: Headers = (),
        content_type: str | None = JSON_TYPE,
        path: str | None = None,
        line: Line | None = None,
        **options: Any,
    ) -> Exchange:
        """Post to the action's path.

        Args:
            payload: A JSON value, or bytes as they are; a plain invocation when None.
            headers: Further headers; they stand instead of those that are always sent.
            content_type: The type that the body is said to be of; None for no such header.
            path: Another path.
            line: A connection to use.
            options: As of :meth:`request`.
        """
        value = self.body() if payload is None else payload
        body = value if isinstance(value, bytes) else encoded(value)
        typed = () if content_type is None else (("Content-Type", content_type),)
        request = self.request("POST", path or self.target.path, body, headers=(*typed, *headers), **options)
        return self.exchange(request, line=line)

    def post_expecting(self) -> Exchange:
        """Post a plain invocation whose body is sent after 100 Continue, or after a second without it."""
        headers = (("Content-Type", JSON_TYPE), ("Expect", "100-continue"))
        request = self.request("POST", self.target.path, encoded(self.body()), headers=headers)
        return self.exchange(request, hesitation=_HESITATION)

    def get(self, path: str, *, credentials: bool = True) -> Exchange:
        """Ask for one of the operations beside the action's."""
        return self.exchange(self.request("GET", self.target.beside(path), credentials=credentials))

    def still_well(self) -> None:
        """Demand that the next plain invocation is answered as ever.

        Raises:
            Failed: It is not.
        """
        after = self.post()
        if after.response is None or after.status != HTTPStatus.OK:
            said = after.error or f"answered {after.status}"
            raise Failed(f"the next invocation is not answered as before: {said}", after)

    def at_once(self, number: int, one: Callable[[int], Exchange]) -> list[Exchange]:
        """Make exchanges at the same time."""
        together = threading.Barrier(number, timeout=self.options.wait)

        def begun(position: int) -> Exchange:
            together.wait()
            return one(position)

        with ThreadPoolExecutor(number) as workers:
            return list(workers.map(begun, range(number)))


def encoded(value: Any) -> bytes:
    """Write a value as JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _carried(line: Line, request: SentRequest, hesitation: float) -> Response:
    line.send_head(request)
    if hesitation:
        line.wait(hesitation)
    line.send_body(request)
    return line.receive()
