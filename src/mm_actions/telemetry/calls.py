"""Spans of calls: one for the call of an action, and below it one of kind CLIENT for every attempt."""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from opentelemetry import context as contexts
from opentelemetry.trace import SpanKind, StatusCode, get_current_span, set_span_in_context

from mm_actions.config.address import default_port
from mm_actions.core.tracing import Ids, new_id, new_span_id
from mm_actions.errors import InvocationError
from mm_actions.telemetry import conventions as names

if TYPE_CHECKING:
    from typing import Self

    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Span, Tracer

    from mm_actions.core.tracing import Trace

    Attributes = dict[str, Any]

logger = logging.getLogger("mm_actions.call")

_OK = 200


class CallSpans:
    """Makes traces that are recorded.

    Args:
        tracer: Makes spans.
        meter: Makes the histogram of attempts.
    """

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self.tracer = tracer
        self.durations = names.duration(meter, "client")

    def trace(self, *, action: str, server: str, url: str) -> Trace:
        """Begin the span of a call, below the one that is active."""
        try:
            return CallSpan(self, action, server, url)
        except Exception:  # of a sampler or a processor that somebody wrote; the call matters more
            logger.exception("the span of a call of %r could not be begun", action)
            return Ids().trace(action=action, server=server, url=url)


class CallSpan:
    """The call of an action, whatever it takes."""

    def __init__(self, spans: CallSpans, action: str, server: str, url: str) -> None:
        self.spans = spans
        self.action = action
        self.url = url
        self._attempts = 0
        self._span = spans.tracer.start_span(
            f"invoke {action}",
            attributes={names.ACTION: action, names.SERVER: server},
            record_exception=False,
            set_status_on_exception=False,
        )
        self.context = set_span_in_context(self._span)
        found = self._span.get_span_context()
        self.trace_id = f"{found.trace_id:032x}" if found.is_valid else new_id()

    def attempt(self, number: int) -> AttemptSpan:
        """Begin the span of an attempt."""
        self._attempts = max(self._attempts, number)
        return AttemptSpan(self, number)

    def __enter__(self) -> Self:
        """Go on."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        """End, with the kind of the error but not its text."""
        self._span.set_attribute(names.ATTEMPTS, self._attempts)
        if kind is not None:
            fail(self._span, failure_of(kind, error))
        self._span.end()


class AttemptSpan:
    """One attempt; its span is active while it is under way."""

    def __init__(self, call: CallSpan, number: int) -> None:
        self._spans = call.spans
        self._url, self._address = place_of(call.url)
        self._action = call.action
        attributes = {
            names.METHOD: "POST",
            names.URL: self._url,
            names.ACTION: call.action,
            **self._address,
        }
        if number > 1:
            attributes[names.RESENT] = number - 1
        self._span = call.spans.tracer.start_span(
            "POST",
            call.context,
            SpanKind.CLIENT,
            attributes,
            record_exception=False,
            set_status_on_exception=False,
        )
        self._context = set_span_in_context(self._span, call.context)
        self.status = _OK
        self.call_id = new_span_id()
        self.tracestate = ""
        found = self._span.get_span_context()
        if found.is_valid:
            self.traceparent = names.traceparent(found)
            self.tracestate = found.trace_state.to_header()
            if found.span_id != get_current_span(call.context).get_span_context().span_id:
                self.call_id = self.traceparent[36:52]  # of its own, unless there is no SDK to make spans
        else:
            self.traceparent = f"00-{call.trace_id}-{self.call_id}-00"

    def answered(self, status: int) -> None:
        """Note the status of an answer."""
        self.status = status

    def __enter__(self) -> Self:
        """Make the span active."""
        self._token = contexts.attach(self._context)
        self._started = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        """End the span, and measure the attempt."""
        elapsed = time.perf_counter() - self._started
        contexts.detach(self._token)
        outcome: Attributes = {}
        if kind is None:
            outcome[names.STATUS] = self.status
        else:
            outcome = failure_of(kind, error)
        measured = {name: outcome[name] for name in (names.STATUS, names.ERROR) if name in outcome}
        self._spans.durations.record(
            elapsed,
            {names.METHOD: "POST", names.ACTION: self._action, **self._address, **measured},
            context=self._context,
        )
        if kind is None:
            self._span.set_attributes(outcome)
        else:
            fail(self._span, outcome)
        self._span.end()


def failure_of(kind: type[BaseException], error: BaseException | None) -> Attributes:
    """Describe an error without its text."""
    if not isinstance(error, InvocationError):
        return {names.ERROR: kind.__qualname__}
    attributes: Attributes = {names.ERROR: error.kind, names.SENT: str(error.sent)}
    if error.status is not None:
        attributes[names.STATUS] = error.status
    return attributes


def fail(span: Span, attributes: Attributes) -> None:
    """Mark a span as failed."""
    span.set_attributes(attributes)
    span.set_status(StatusCode.ERROR)


@lru_cache(maxsize=256)
def place_of(url: str) -> tuple[str, Attributes]:
    """Give a url without whatever may be secret in it, and the server that it names."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    default = default_port(url)
    port = parts.port or default
    if port is None:  # of a module or a command, which no host stands for
        return f"{parts.scheme}:{parts.path.partition(' ')[0]}", {}
    written = f"{parts.scheme}://{shown}{'' if port == default else f':{port}'}{parts.path}"
    return written, {names.ADDRESS: host, names.PORT: port}
