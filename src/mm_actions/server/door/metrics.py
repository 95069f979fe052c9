"""``GET /metrics``: what a server does, for Prometheus, under the names of OpenTelemetry's conventions."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError
from mm_actions.server.calls.reply import Reply
from mm_actions.server.serving.shared_figures import DIRECTORY

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, values
    from prometheus_client.core import GaugeMetricFamily
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.multiprocess import MultiProcessCollector
    from prometheus_client.registry import Collector
except ImportError as missing:
    raise ConfigurationError(
        "metrics needs prometheus-client: pip install 'mm_actions[metrics]'"
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mm_actions.core.exchange import End, Exchange
    from mm_actions.server.calls.host import Counts

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BYTES = tuple(float(4**power) for power in range(4, 13))
_LOAD = {
    "threads_busy": "Threads at work, the abandoned ones included.",
    "threads_waiting": "Calls that wait for a thread.",
    "threads_abandoned": "Threads still held by handlers whose callers have been answered.",
    "tasks_abandoned": "Coroutines that go on though they were cancelled when their time was up.",
}


class Metrics:
    """Counts and measures the exchanges of one server.

    Several processes that serve one port share the directory ``PROMETHEUS_MULTIPROC_DIR``, as
    prometheus-client has it: whichever is asked answers for all. Each of them then hosts one server.

    Args:
        counts: Tells the load.
        registry: Where the figures are kept; what else is in it is served as well.

    Raises:
        ConfigurationError: The registry has such figures already, or the directory cannot be used.
    """

    def __init__(self, counts: Callable[[], Counts], registry: CollectorRegistry | None = None) -> None:
        self._counts = counts
        self._shared: bool = values.ValueClass._multiprocess  # noqa: SLF001 - decided at its import, told nowhere else
        if DIRECTORY in os.environ and not self._shared:
            raise ConfigurationError(f"set {DIRECTORY} before prometheus_client is imported")
        if self._shared and not Path(os.environ.get(DIRECTORY, "")).is_dir():
            raise ConfigurationError(f"{DIRECTORY} is {os.environ.get(DIRECTORY)!r}, which is no directory")
        own = registry is None
        self._registry = kept = CollectorRegistry() if registry is None else registry
        labels = ("http_request_method", "http_route", "http_response_status_code", "mm_action")
        try:
            self._durations = Histogram(
                "http_server_request_duration_seconds",
                "Duration of HTTP requests.",
                labels,
                buckets=_SECONDS,
                registry=kept,
            )
            self._received = Histogram(
                "http_server_request_body_size_bytes",
                "Size of the bodies of calls.",
                ("mm_action",),
                buckets=_BYTES,
                registry=kept,
            )
            self._sent = Histogram(
                "http_server_response_body_size_bytes",
                "Size of the bodies that calls were answered with.",
                ("mm_action",),
                buckets=_BYTES,
                registry=kept,
            )
            self._replayed = Counter(
                "mm_actions_replayed_calls",
                "Calls answered from the store of Idempotency-Key.",
                ("mm_action",),
                registry=kept,
            )
            self._active = _gauge("http_server_active_requests", "Requests in progress.", kept)
            self._load = {}
            if self._shared:
                self._load = {name: _gauge(f"mm_actions_{name}", text, kept) for name, text in _LOAD.items()}
            else:
                kept.register(_Load(counts))
                if own:
                    ProcessCollector(registry=kept)
        except ValueError as error:
            raise ConfigurationError(
                f"metrics: the registry has such figures already ({error}); give each server one of its own"
            ) from error
        # Finding a series by its labels takes longer than anything that is then done with it.
        self._series: dict[tuple[str, str, str, str], Histogram] = {}
        self._sizes: dict[str, tuple[Histogram, Histogram]] = {}

    def begin(self, exchange: Exchange) -> End:
        """Measure an exchange."""
        started = time.perf_counter()
        self._active.inc()
        self._tell_load()
        return lambda: self._end(exchange, time.perf_counter() - started)

    def reply(self, headers: Mapping[bytes, bytes]) -> Reply:
        """Write all figures in the form that is asked for; takes milliseconds."""
        registry = self._registry
        if self._shared:
            self._tell_load()
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # prometheus-client has it so
        write, media_type = choose_encoder(headers.get(b"accept", b"").decode("latin-1"))
        return Reply(status=200, body=write(registry), media_type=media_type.encode())

    def _end(self, exchange: Exchange, seconds: float) -> None:
        self._active.dec()
        self._tell_load()
        status = str(exchange.status) if exchange.status else ""
        key = (exchange.method, exchange.route or "", status, exchange.action or "")
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._durations.labels(*key)
        series.observe(seconds)
        if exchange.action is not None:
            self._measure_call(exchange, exchange.action)

    def _measure_call(self, exchange: Exchange, action: str) -> None:
        sizes = self._sizes.get(action)
        if sizes is None:
            sizes = self._sizes[action] = self._received.labels(action), self._sent.labels(action)
        received, sent = sizes
        received.observe(exchange.request_bytes)
        sent.observe(exchange.response_bytes)
        if exchange.replayed:
            self._replayed.labels(action).inc()

    def _tell_load(self) -> None:
        """Write down the load where other processes read it; a lone process is asked when it is wanted."""
        if self._load:
            counts = self._counts()
            for name, gauge in self._load.items():
                gauge.set(getattr(counts, name))


class _Load(Collector):
    """Asks a server for its load."""

    def __init__(self, counts: Callable[[], Counts]) -> None:
        self._counts = counts

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return self.collect()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        counts = self._counts()
        for name, text in _LOAD.items():
            yield GaugeMetricFamily(f"mm_actions_{name}", text, value=getattr(counts, name))


def _gauge(name: str, text: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, text, registry=registry, multiprocess_mode="livesum")
