"""Spans and metrics of OpenTelemetry, for calls and for servers: ``mm_actions.telemetry.instrument()``.

Nothing is recorded, and nothing of OpenTelemetry is imported, before that is called: that a library happens
to be installed is no reason to pay for it on every call. Only its API is needed here (the extra
``telemetry``); where spans and figures go is a matter of the SDK that the program sets up.
"""

from mm_actions.telemetry.instrumenting import Instrumentation, instrument

__all__ = ["Instrumentation", "instrument"]
