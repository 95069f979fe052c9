"""Names of OpenTelemetry's semantic conventions for HTTP, and of our own attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.trace import TraceFlags

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram, Meter
    from opentelemetry.trace import SpanContext

METHOD = "http.request.method"
STATUS = "http.response.status_code"
ROUTE = "http.route"
RESENT = "http.request.resend_count"
ADDRESS = "server.address"
PORT = "server.port"
SCHEME = "url.scheme"
PATH = "url.path"
URL = "url.full"
VERSION = "network.protocol.version"
ERROR = "error.type"
REQUEST_SIZE = "http.request.body.size"
RESPONSE_SIZE = "http.response.body.size"
ACTION = "mm.action"
SERVER = "mm.server"
SENT = "mm.sent"
ATTEMPTS = "mm.attempts"
REPLAYED = "mm.replayed"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


def duration(meter: Meter, side: str) -> Histogram:
    """Make the histogram of durations of one side, ``client`` or ``server``."""
    return meter.create_histogram(
        f"http.{side}.request.duration",
        unit="s",
        description=f"Duration of HTTP {side} requests.",
        explicit_bucket_boundaries_advisory=_SECONDS,
    )


def traceparent(context: SpanContext) -> str:
    """Write a span's context as it travels (W3C Trace Context, 3.2)."""
    sampled = context.trace_flags & TraceFlags.SAMPLED
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{sampled:02x}"
