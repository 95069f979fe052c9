"""C51 to C55: the catalogue of actions, and health."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from mm_actions.conformance.check import Failed, Skipped, check
from mm_actions.conformance.payloads import invocation
from mm_actions.conformance.probe import ABSENT
from mm_actions.contract.wire import ActionCatalogue, Health

if TYPE_CHECKING:
    from mm_actions.conformance.exchange import Exchange
    from mm_actions.conformance.probe import Probe

_WELL = ("pass", "warn")


def _optional(probe: Probe, path: str, *, credentials: bool = True) -> Exchange:
    exchange = probe.get(path, credentials=credentials)
    if exchange.status in ABSENT:
        raise Skipped(f"the server does not have GET {path}: {exchange.status}")
    return exchange


def _json_type(exchange: Exchange) -> None:
    kind = exchange.answer.media_type
    if kind != "application/json" and not kind.endswith("+json"):
        raise Failed(f"the Content-Type is {kind!r}, where application/json is due", exchange)


@check("C51", "GET /actions lists the actions, each name once")
def catalogue(probe: Probe) -> None:
    """Read the catalogue."""
    exchange = _optional(probe, "/actions").expect(200)
    _json_type(exchange)
    try:
        found = msgspec.convert(exchange.json(), ActionCatalogue)
    except msgspec.ValidationError as error:
        raise Failed(f"not of the shape of an ActionCatalogue: {error}", exchange) from None
    names = [action.name for action in found.actions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Failed(f"{twice[0]!r} is listed more than once", exchange)


@check("C52", "every idempotent action that is listed can be called", severity="SHOULD")
def listed_actions(probe: Probe) -> None:
    """Call each with the minimal payload, which it may refuse, but not as unknown."""
    names = probe.idempotent_actions
    if not names:
        raise Skipped("the server lists no idempotent action, and others are not called")
    for name in names:
        exchange = probe.post(invocation(name))
        if exchange.status == HTTPStatus.NOT_FOUND:
            raise Failed(f"{name!r} is listed, and answered with 404", exchange)


@check("C53", "GET /healthz says pass")
def liveness(probe: Probe) -> None:
    """Read it."""
    exchange = _optional(probe, "/healthz").expect(200)
    _json_type(exchange)
    try:
        status = msgspec.convert(exchange.json(), Health).status
    except msgspec.ValidationError as error:
        raise Failed(f"not of the shape of Health: {error}", exchange) from None
    if status not in _WELL:
        raise Failed(f"the status is {status!r}, where pass is due", exchange)


@check("C54", "GET /readyz is a 200 or a 503")
def readiness(probe: Probe) -> None:
    """Ask for it."""
    _optional(probe, "/readyz").expect(200, 503)


@check("C55", "health is told without credentials", severity="SHOULD")
def open_health(probe: Probe) -> None:
    """Ask for both without any: an orchestrator has none."""
    asked = [probe.get(path, credentials=False) for path in ("/healthz", "/readyz")]
    if all(exchange.status in ABSENT for exchange in asked):
        raise Skipped("the server has neither GET /healthz nor GET /readyz")
    for exchange in asked:
        if exchange.status in {401, 403}:
            raise Failed(
                f"answered {exchange.status} to GET {exchange.request.path} without credentials", exchange
            )
