"""One run of the kit: the server is found, its checks are made one after the other, each within bounds."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.conformance.check import Failed, Skipped
from mm_actions.conformance.checks import CHECKS
from mm_actions.conformance.http11 import NoAnswer
from mm_actions.conformance.probe import Probe
from mm_actions.conformance.report import Report, Result
from mm_actions.conformance.target import ConformanceOptions, Target
from mm_actions.contract.wire import ActionCatalogue
from mm_actions.errors import ConfigurationError, ConnectFailed, InvocationError
from mm_actions.resilience import Deadline
from mm_actions.transports.rooms import open_http

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mm_actions.config import ServerSettings
    from mm_actions.conformance.check import Check
    from mm_actions.conformance.exchange import Exchange

_LAST = "C58"  # it looks at what all others saw
_MOST_ACTIONS = 20


class Examination:
    """Looks at one server.

    Args:
        settings: Its url, TLS files, headers and credentials.
        options: What to look at, and for how long.

    Attributes:
        target: The server.
        options: As given.
        deadline: When the time of the whole run is up.
        action: The action that is called; set by :meth:`open`.
        idempotent_actions: Those of the catalogue, twenty at most; set by :meth:`open`.
        exchanges: Every exchange so far.
        known: What checks share.

    Raises:
        ConfigurationError: A TLS file cannot work, or an id in ``only`` is not known.
    """

    def __init__(self, settings: ServerSettings, options: ConformanceOptions | None = None) -> None:
        self.options = options or ConformanceOptions()
        self.target = Target.of(settings, self.options.path)
        self.checks = selected(self.options)
        self.deadline = Deadline.after(self.options.timeout)
        self.action = self.options.action or ""
        self.idempotent_actions: tuple[str, ...] = ()
        self.exchanges: list[Exchange] = []
        self.known: dict[str, Any] = {}

    def open(self) -> None:
        """Reach the server, and find an action to call.

        Raises:
            InvocationError: It is not reached; the error says why.
            ConfigurationError: No action is given, and the server lists none that may be called again.
        """
        exchange = Probe(self, "catalogue").get("/actions")
        if exchange.response is None:
            raise self._unreached(exchange.error)
        self.idempotent_actions = _idempotent(exchange)
        if not self.action:
            if not self.idempotent_actions:
                raise ConfigurationError(
                    f"GET {exchange.request.path} answered {exchange.status} and lists no idempotent action "
                    "that needs no arguments: say which one may be called many times with --action NAME"
                )
            self.action = self.idempotent_actions[0]
        self.exchanges.clear()
        self.deadline = Deadline.after(self.options.timeout)

    def run(self, tell: Callable[[Result], None] = lambda _: None) -> Report:
        """Make every check.

        Args:
            tell: Called with each result.
        """
        started = time.monotonic()
        results = []
        for check in self.checks:
            results.append(self.make(check))
            tell(results[-1])
        return Report(
            target=self.target,
            options=self.options,
            action=self.action,
            results=tuple(sorted(results, key=lambda result: result.check.id)),
            elapsed=time.monotonic() - started,
        )

    def make(self, check: Check) -> Result:
        """Make one check; whatever the server does, the result is a value."""
        probe, started = Probe(self, check.id), time.monotonic()
        result = Result(check=check, status="skipped")
        if not self.deadline.remaining():
            return replace(result, reason=self._time_is_up, unmade=True)
        try:
            remark = check.run(probe)
        except Skipped as reason:
            result = replace(result, reason=str(reason))
        except (Failed, NoAnswer, RecursionError) as failure:
            if not self.deadline.remaining():
                return replace(result, reason=self._time_is_up, unmade=True)
            shown = failure.exchange if isinstance(failure, Failed) else None
            shown = shown or (probe.exchanges[-1] if probe.exchanges else None)
            why = "its JSON is nested too deeply" if isinstance(failure, RecursionError) else str(failure)
            result = replace(result, status="failed", reason=why, exchange=shown)
        else:
            result = replace(result, status="passed", reason=remark or "")
        return replace(result, exchanges=tuple(probe.exchanges), elapsed=time.monotonic() - started)

    @property
    def _time_is_up(self) -> str:
        return f"not made: the {self.options.timeout:g} s of the run were up; --timeout gives more"

    def _unreached(self, reason: str) -> InvocationError:
        """Let the client explain why a server is not reached: it knows what a handshake failed of."""
        error: InvocationError = ConnectFailed(reason, hint="Is the server running, and the address right?")
        transport = open_http(self.target.settings)
        try:
            transport.get("/healthz", timeout=self.options.wait)
        except InvocationError as explained:
            error = explained
        finally:
            transport.close()
        error.action, error.server = "GET /actions", self.target.origin
        return error


def selected(options: ConformanceOptions) -> Sequence[Check]:
    """Choose the checks of a run, in the order in which they are made.

    Raises:
        ConfigurationError: An id is not known.
    """
    wanted = {name.upper() for name in options.only}
    unknown = sorted(wanted - {check.id.upper() for check in CHECKS})
    if unknown:
        raise ConfigurationError(f"there is no check {unknown[0]}; --list shows them all")
    chosen = [
        check
        for check in CHECKS
        if (check.id.upper() in wanted if wanted else options.level in {"full", check.level})
    ]
    return sorted(chosen, key=lambda check: check.id == _LAST)


def _idempotent(exchange: Exchange) -> tuple[str, ...]:
    """Read the names of actions that take any request again; a broken catalogue is for C51 to tell."""
    try:
        found = msgspec.convert(exchange.expect(200).json(), ActionCatalogue)
    except (Failed, msgspec.ValidationError, RecursionError):
        return ()
    names = dict.fromkeys(
        action.name
        for action in found.actions
        if action.idempotent and not action.deprecated and not (action.schema or {}).get("required")
    )
    return tuple(names)[:_MOST_ACTIONS]
