"""The contract of `openapi/custom_action.yaml` over HTTP."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from mm_actions.contract.codec import encode
from mm_actions.contract.status import answer_of
from mm_actions.core.payload import payload_of
from mm_actions.transports.http.auth import SIGNATURE, fixed_headers, signer
from mm_actions.transports.http.engine import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.config import ServerSettings
    from mm_actions.contract.wire import Answer
    from mm_actions.core.transport import Call, Invocation
    from mm_actions.transports.http.engine import Engine, HttpResponse

ACTION_PATH = "/action"
USER_AGENT = "mm_actions"


class HttpTransport:
    """Posts invocations to one server.

    Args:
        settings: The server's.
        engine: What carries the requests.
        wall_clock: Unix time in seconds, for signatures and for a ``Retry-After`` that is a date.
    """

    def __init__(
        self, settings: ServerSettings, engine: Engine, *, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._url = settings.url
        self._history = settings.history
        self._engine = engine
        self._wall_clock = wall_clock
        self._sign = signer(settings, wall_clock)
        self._common = (("User-Agent", USER_AGENT), *settings.headers, *fixed_headers(settings))
        self._headers = (("Content-Type", "application/json"), ("Accept", "application/json"), *self._common)

    def encode(self, invocation: Invocation) -> bytes:
        """Write the body."""
        return encode(payload_of(invocation, self._history))

    def send(self, call: Call) -> Answer:
        """Post and read the answer, blocking."""
        return self._answer(self._engine.send(self._request(call)))

    async def send_async(self, call: Call) -> Answer:
        """Post and read the answer."""
        return self._answer(await self._engine.send_async(self._request(call)))

    def get(self, path: str, *, timeout: float) -> HttpResponse:
        """Ask for one of the optional resources, such as ``/actions``, beside the action path.

        Raises:
            InvocationError: The server was not reached.
        """
        parts = urlsplit(self._url)
        base = parts.path.rstrip("/").removesuffix(ACTION_PATH)
        url = urlunsplit((parts.scheme, parts.netloc, base + path, "", ""))
        headers = (("Accept", "application/json"), *self._common)
        return self._engine.send(HttpRequest(method="GET", url=url, headers=headers, timeout=timeout))

    def close(self) -> None:
        """Close the engine's connections."""
        self._engine.close()

    def _request(self, call: Call) -> HttpRequest:
        headers = [
            *self._headers,
            ("X-MM-Timeout-Ms", str(max(1, int(call.timeout * 1000)))),
            ("traceparent", call.traceparent),
        ]
        if call.idempotency_key is not None:
            headers.append(("Idempotency-Key", call.idempotency_key))
        if self._sign is not None:
            headers.append((SIGNATURE, self._sign(call.payload)))
        return HttpRequest(url=self._url, headers=tuple(headers), body=call.payload, timeout=call.timeout)

    def _answer(self, response: HttpResponse) -> Answer:
        return answer_of(response.status, response.headers, response.body, now=self._wall_clock())
