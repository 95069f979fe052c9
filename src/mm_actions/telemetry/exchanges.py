"""Spans of kind SERVER for the requests that action servers of this process are asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from opentelemetry import context as contexts
from opentelemetry.propagate import extract
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

from mm_actions.telemetry import conventions as names

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Span, Tracer

    from mm_actions.core.exchange import End, Exchange

    Headers = list[tuple[bytes, bytes]]

_QUIET = frozenset(("/healthz", "/readyz", "/metrics"))
"""Asked every few seconds by machines, and of no interest in a trace."""
_FAILED = 500


class ExchangeSpans:
    """Watches exchanges.

    Args:
        tracer: Makes spans.
        meter: Makes the histogram and the count of requests in progress.
    """

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self._tracer = tracer
        self._durations = names.duration(meter, "server")
        self._active = meter.create_up_down_counter(
            "http.server.active_requests", unit="{request}", description="HTTP server requests in progress."
        )

    def begin(self, exchange: Exchange) -> End:
        """Begin a span that continues the caller's trace, and have the handler run below it."""
        scope = exchange.scope
        if exchange.route in _QUIET:
            return _nothing
        common = {names.METHOD: exchange.method, names.SCHEME: scope.get("scheme", "http")}
        parent = extract(scope["headers"], getter=_GETTER)
        span = self._tracer.start_span(
            _name(exchange),
            parent,
            SpanKind.SERVER,
            {**common, **_place(exchange)},
            record_exception=False,
            set_status_on_exception=False,
        )
        context = set_span_in_context(span, parent)
        own = span.get_span_context()
        if own.is_valid:  # problems and the log name the trace that a caller or the span has begun
            others = [pair for pair in scope["headers"] if pair[0] != b"traceparent"]
            scope["headers"] = [*others, (b"traceparent", names.traceparent(own).encode())]
        self._active.add(1, common, context=context)
        token = contexts.attach(context)
        started = time.perf_counter()

        def end() -> None:
            elapsed = time.perf_counter() - started
            contexts.detach(token)
            self._active.add(-1, common, context=context)
            outcome = _outcome(exchange)
            measured = {**common, **outcome}
            if exchange.route is not None:
                measured[names.ROUTE] = exchange.route
            self._durations.record(elapsed, measured, context=context)
            _finish(span, exchange, outcome)

        return end


class _HeaderGetter(Getter["Headers"]):
    """Reads headers as ASGI has them."""

    def get(self, carrier: Headers, key: str) -> list[str] | None:
        name = key.lower().encode("latin-1", "replace")
        return [value.decode("latin-1") for found, value in carrier if found == name] or None

    def keys(self, carrier: Headers) -> list[str]:
        return [name.decode("latin-1") for name, _ in carrier]


def _name(exchange: Exchange) -> str:
    method = "HTTP" if exchange.method == "_OTHER" else exchange.method
    return method if exchange.route is None else f"{method} {exchange.route}"


def _place(exchange: Exchange) -> dict[str, Any]:
    """Say what was asked for, and where; the query may hold anything and is left out."""
    scope = exchange.scope
    attributes: dict[str, Any] = {names.PATH: scope["path"]}
    if exchange.route is not None:
        attributes[names.ROUTE] = exchange.route
    if "http_version" in scope:
        attributes[names.VERSION] = scope["http_version"]
    host, port = scope.get("server") or (None, None)
    if host is not None:
        attributes[names.ADDRESS] = host
    if port is not None:
        attributes[names.PORT] = port
    return attributes


def _outcome(exchange: Exchange) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    if exchange.status:
        attributes[names.STATUS] = exchange.status
    if not exchange.status:
        attributes[names.ERROR] = "disconnected"
    elif exchange.status >= _FAILED:
        attributes[names.ERROR] = str(exchange.status)
    if exchange.action is not None:
        attributes[names.ACTION] = exchange.action
    return attributes


def _finish(span: Span, exchange: Exchange, outcome: dict[str, Any]) -> None:
    span.set_attributes(outcome)
    span.set_attribute(names.REQUEST_SIZE, exchange.request_bytes)
    span.set_attribute(names.RESPONSE_SIZE, exchange.response_bytes)
    if exchange.replayed:
        span.set_attribute(names.REPLAYED, value=True)
    if names.ERROR in outcome:
        span.set_status(StatusCode.ERROR)
    span.end()


def _nothing() -> None:
    pass


_GETTER = _HeaderGetter()
