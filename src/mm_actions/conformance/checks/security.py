"""C59, C60, C62: who may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions.conformance.check import Failed, Skipped, check
from mm_actions.conformance.probe import encoded
from mm_actions.transports.http.auth import SIGNATURE, signature

if TYPE_CHECKING:
    from mm_actions.conformance.exchange import Exchange, Headers
    from mm_actions.conformance.probe import Probe

_STALE = 301
_OK, _UNAUTHORIZED = 200, 401


def _with(probe: Probe, body: bytes, credentials: Headers) -> Exchange:
    """Post with these credentials alone, beside the headers that were given for every request."""
    headers = (*probe.target.settings.headers, *credentials)
    return probe.post(body, headers=headers, credentials=False)


def _refused(exchange: Exchange, how: str) -> None:
    if exchange.status != _UNAUTHORIZED:
        raise Failed(f"answered {exchange.status} to a request {how}, where 401 is due", exchange)


@check("C59", "only the right bearer token is let in")
def bearer(probe: Probe) -> None:
    """Send none, a wrong one and the right one."""
    token = probe.target.bearer
    if token is None:
        raise Skipped("no bearer token is given: --bearer")
    body = encoded(probe.body())
    for how, headers in (
        ("without a token", ()),
        ("with a wrong token", (("Authorization", f"Bearer {'x' * len(token)}"),)),
        ("with the token of another scheme", (("Authorization", f"Basic {token}"),)),
    ):
        exchange = _with(probe, body, headers)
        _refused(exchange, how)
        if exchange.answer.header("www-authenticate") is None:
            raise Failed(f"the 401 to a request {how} has no WWW-Authenticate (RFC 9110, 15.5.2)", exchange)
    probe.post(body).expect(_OK)


@check("C60", "only a fresh and right signature is let in")
def signed(probe: Probe) -> None:
    """Send none, one of another secret, an old one, one of another body, and the right one."""
    secret = probe.target.hmac_secret
    if secret is None:
        raise Skipped("no secret for signatures is given: --hmac-secret")
    body = encoded(probe.body())
    (_, right), *_ = probe.target.signed(body)
    moment = int(right.partition(",")[0].removeprefix("t="))
    wrong = signature(f"not {secret}".encode(), body, moment)
    for how, value in (
        ("without a signature", None),
        ("signed with another secret", wrong),
        ("signed 301 seconds ago", probe.target.signed(body, age=_STALE)[0][1]),
    ):
        _refused(_with(probe, body, () if value is None else ((SIGNATURE, value),)), how)
    altered = body.replace(b"conformance", b"c0nformance")
    _refused(_with(probe, altered, ((SIGNATURE, right),)), "whose body was altered after it was signed")
    probe.post(body).expect(_OK)


@check("C62", "only a client with a certificate is let in")
def client_certificate(probe: Probe) -> None:
    """Come without one: the handshake fails, or the answer is 401 or 403."""
    target = probe.target
    if target.settings.public_key is None or target.anonymous_tls is None:
        raise Skipped("no client certificate is given: --public-key")
    body = encoded(probe.body())
    request = probe.request("POST", target.path, body, headers=(("Content-Type", "application/json"),))
    exchange = probe.exchange(request, tls=target.anonymous_tls)
    if exchange.response is not None and exchange.status not in {401, 403}:
        raise Failed(f"answered {exchange.status} to a client without a certificate", exchange)
    probe.still_well()
