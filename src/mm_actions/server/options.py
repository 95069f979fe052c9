"""The settings of an action server."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from mm_actions.server.keys.store import KeyStore
    from mm_actions.server.security import Guard

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Settings of an action server, and their defaults.

    Attributes:
        paths: Where actions are called; the same actions at each, and streamed at each with `/stream`.
        timeout: Seconds that an action may take if it does not say otherwise; the client's own limit
            (``X-MM-Timeout-Ms``) counts when it is shorter.
        max_head: Bytes of the head of a request, roughly.
        max_body: Bytes of the body of a request.
        max_answer: Bytes of an answer.
        head_timeout: Seconds within which a request's head must have arrived.
        body_timeout: Seconds within which a request's body must have arrived.
        concurrency: Calls in progress; more are refused at once.
        threads: Threads for handlers that are plain functions.
        thread_queue: Calls that may wait for a thread; more are refused at once.
        thread_wait: Seconds a call may wait for a thread.
        retry_after: Seconds after which a refused client is asked to come again.
        loop_alarm: Seconds without a turn of the event loop after which its stack is logged; 0 for never.
        drain: Seconds between the signal to stop, when readiness is withdrawn, and the closing of the port.
        grace: Seconds that calls in progress have to end after that.
        guards: Who may call; every guard must be content. Health checks are open to all.
        keys: Where answers are kept by ``Idempotency-Key``; None keeps up to 64 MiB in memory for 24 hours.
        key_wait: Seconds that a call waits for another one of the same key before it is told of a conflict.
        keys_required: Whether a call with a key is refused while the store fails; otherwise it is carried out
            without its protection.
        rerun_unknown: Whether a call is carried out again whose first attempt died with its process, though
            its action is not declared idempotent.
        openapi: Whether ``GET /openapi.json`` gives the contract, limited to what is served; to all, but the
            names of the actions only to those who may call them.
        ui: Whether Swagger UI is at ``/ui/``; None if the extra ``ui`` is installed.
        metrics: Whether ``GET /metrics`` answers Prometheus, which needs the extra ``metrics``; or a registry
            of prometheus-client that holds figures of your own as well.
        open_metrics: Whether ``/metrics`` is open to all, as health checks are, or guarded as actions are.
        rasa: Whether Rasa assistants are served as well: ``POST /webhook``, ``GET /health``, and ``GET
            /actions`` as Rasa has it, in place of the contract's catalogue.
        barge_in: Seconds that an action has to end after the user of a Rasa assistant has interrupted what it
            streams.
        mcp: Whether the actions are tools of an MCP server as well, at ``POST /mcp``: the extra ``mcp``.
    """

    paths: tuple[str, ...] = ("/action", "/v2/action", "/")
    timeout: float = 30.0
    max_head: int = 64 * 1024
    max_body: int = 16 * MEBIBYTE
    max_answer: int = 16 * MEBIBYTE
    head_timeout: float = 10.0
    body_timeout: float = 30.0
    concurrency: int = 1000
    threads: int = 40
    thread_queue: int = 100
    thread_wait: float = 0.25
    retry_after: float = 1.0
    loop_alarm: float = 0.1
    drain: float = 0.5
    grace: float = 30.0
    guards: tuple[Guard, ...] = field(default=(), repr=False)
    keys: KeyStore | None = field(default=None, repr=False)
    key_wait: float = 10.0
    keys_required: bool = True
    rerun_unknown: bool = False
    openapi: bool = True
    ui: bool | None = None
    metrics: bool | CollectorRegistry = field(default=False, repr=False)
    open_metrics: bool = True
    rasa: bool = False
    barge_in: float = 30.0
    mcp: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ConfigurationError: A number is out of range, or a path does not begin with a slash.
        """
        object.__setattr__(self, "paths", tuple(self.paths))
        object.__setattr__(self, "guards", tuple(self.guards))
        if not self.paths or not all(isinstance(path, str) and path.startswith("/") for path in self.paths):
            raise ConfigurationError("paths is a list of at least one path, each beginning with a slash")
        for path in self.paths:
            taken = (*TAKEN, *(TAKEN_FOR_RASA if self.rasa else ()), *(TAKEN_FOR_MCP if self.mcp else ()))
            if path in taken:
                raise ConfigurationError(f"the path {path!r} is taken by the server itself")
        for name in (*_COUNTS, *_SECONDS, *_SECONDS_OR_NONE):
            value = getattr(self, name)
            kinds = int if name in _COUNTS else (int, float)
            lowest = lowest_of(name)
            if isinstance(value, bool) or not isinstance(value, kinds) or not lowest <= value < float("inf"):
                what = "a whole number" if name in _COUNTS else "a number"
                raise ConfigurationError(f"{name} is {what} of at least {lowest}, not {value!r}")


TAKEN = ("/actions", "/healthz", "/readyz", "/openapi.json", "/ui", "/action/stream", "/metrics")
TAKEN_FOR_RASA = ("/webhook", "/webhook/ack", "/health")
TAKEN_FOR_MCP = ("/mcp",)
_COUNTS = ("max_head", "max_body", "max_answer", "concurrency", "threads", "thread_queue")
_SECONDS = ("timeout", "head_timeout", "body_timeout")
_SECONDS_OR_NONE = ("thread_wait", "retry_after", "loop_alarm", "drain", "grace", "key_wait", "barge_in")


def lowest_of(name: str) -> float:
    """Give the least that a number among the settings may be."""
    if name in _SECONDS_OR_NONE or name == "thread_queue":
        return 0
    return 1 if name in _COUNTS else 1e-3


NAMES = tuple(option.name for option in fields(ServerOptions))
