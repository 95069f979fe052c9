"""C01, C05 to C13: what MindMeld applications send is taken."""

from __future__ import annotations

from copy import deepcopy
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mm_actions.conformance.check import Failed, check
from mm_actions.conformance.payloads import (
    DIRECTIVES,
    ENTITY,
    NESTED,
    NULL_PARAMS,
    empty,
    full,
    invocation,
    with_unknown_members,
)

if TYPE_CHECKING:
    from mm_actions.conformance.probe import Probe

_TIMESTAMP = 1_546_300_800_000


def _timed(probe: Probe, timestamp: Any) -> None:
    params = {**probe.body()["request"]["params"], "timestamp": timestamp}
    probe.post(probe.body(request={"params": params})).expect(200)


@check("C01", "the minimal payload of a MindMeld application is answered with 200", level="core")
def minimal(probe: Probe) -> None:
    """Send what an application sends for a bare request."""
    exchange = probe.post(invocation(probe.action))
    if exchange.status == HTTPStatus.NOT_FOUND:
        raise Failed(f"answered 404: is there an action {probe.action!r} at {probe.target.path}?", exchange)
    exchange.expect(200)


@check("C05", "a payload with every member is answered with 200", level="core")
def everything(probe: Probe) -> None:
    """Send history, alternatives, a form, confidences."""
    probe.post(full(probe.action)).expect(200)


@check("C06", "a timestamp may be a string of digits", level="core")
def timestamp_string(probe: Probe) -> None:
    """Send the time as MindMeld does."""
    _timed(probe, str(_TIMESTAMP))


@check("C07", "a timestamp may be an integer beyond 32 bits", level="core")
def timestamp_integer(probe: Probe) -> None:
    """Send the time as the contract of MindMeld 1.0.0 says."""
    _timed(probe, _TIMESTAMP)


@check("C08", "every member of params may be null", level="core")
def null_params(probe: Probe) -> None:
    """Send seven nulls, in request and responder."""
    members = {"params": dict(NULL_PARAMS)}
    probe.post(probe.body(request=members, responder=members)).expect(200)


@check("C09", "the value of an entity may be any JSON value", level="core")
def entity_values(probe: Probe) -> None:
    """Send an array, an object, an empty array, null and a string."""
    for value in ([{"cname": "large"}], {"cname": "large"}, [], None, "large"):
        entity = {**ENTITY, "value": value}
        exchange = probe.post(probe.body(request={"entities": [entity]}))
        if exchange.status != HTTPStatus.OK:
            raise Failed(
                f"answered {exchange.status} to an entity with the value {value!r}, where 200 is due",
                exchange,
            )


@check("C10", "an entity may have a null role, a span and children", level="core")
def entity_members(probe: Probe) -> None:
    """Send a dependent entity."""
    probe.post(probe.body(request={"entities": [deepcopy(NESTED)]})).expect(200)


@check("C11", "the payload of a directive may be anything or missing, its type any string", level="core")
def directives(probe: Probe) -> None:
    """Send an array, an object, a string and nothing."""
    probe.post(probe.body(responder={"directives": deepcopy(DIRECTIVES)})).expect(200)


@check("C12", "unknown members are passed over at every level", level="core")
def unknown_members(probe: Probe) -> None:
    """Send a member that nobody knows, in eight places."""
    probe.post(with_unknown_members(probe.action)).expect(200)


@check("C13", "a request may have neither text nor domain nor intent", level="core")
def nothing_said(probe: Probe) -> None:
    """Send what an application sends for an empty request."""
    probe.post(empty(probe.action)).expect(200)
