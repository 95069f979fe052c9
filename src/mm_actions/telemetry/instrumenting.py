"""Switches telemetry on, and off again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from mm_actions.core import exchange, tracing
from mm_actions.errors import ConfigurationError

try:
    from opentelemetry.metrics import get_meter
    from opentelemetry.trace import get_tracer

    from mm_actions.telemetry.calls import CallSpans
    from mm_actions.telemetry.exchanges import ExchangeSpans
except ImportError as missing:
    raise ConfigurationError(
        "telemetry needs opentelemetry-api: pip install 'mm_actions[telemetry]'"
    ) from missing

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

_NAME = "mm_actions"


class Instrumentation:
    """Telemetry that is switched on; a context manager that switches it off.

    Args:
        calls: Records calls of actions.
        exchanges: Records what servers of this process are asked.
    """

    def __init__(self, calls: CallSpans, exchanges: ExchangeSpans) -> None:
        self._exchanges = exchanges
        self._before = tracing.install(calls)
        exchange.install(exchanges)

    def close(self) -> None:
        """Switch it off; what is under way is recorded to its end."""
        tracing.install(self._before)
        exchange.remove(self._exchanges)

    def __enter__(self) -> Self:
        """Leave it on."""
        return self

    def __exit__(self, *_: object) -> None:
        """Switch it off."""
        self.close()


def instrument(
    *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> Instrumentation:
    """Record every call of an action and every request to an action server in this process from now on.

    A call continues the span that is active where it is made; the server continues that of its caller, and
    it is active where the handler runs. Neither bodies nor credentials are recorded, nor the texts of errors.

    Args:
        tracer_provider: Where spans go; by default the program's own.
        meter_provider: Where figures go; by default the program's own.

    Returns:
        What switches it off; most programs do not need it.
    """
    tracer = get_tracer(_NAME, tracer_provider=tracer_provider)
    meter = get_meter(_NAME, meter_provider=meter_provider)
    return Instrumentation(CallSpans(tracer, meter), ExchangeSpans(tracer, meter))
