"""C31, C36 to C39, C43, C44, C46, C47, C58, C61: HTTP itself."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from mm_actions.conformance.check import Failed, Skipped, check
from mm_actions.conformance.http11 import NoAnswer
from mm_actions.conformance.probe import encoded

if TYPE_CHECKING:
    from mm_actions.conformance.exchange import Exchange
    from mm_actions.conformance.probe import Probe

_FINE = range(200, 300)
_GONE_ELSEWHERE = (301, 302, 303)
_ELSEWHERE = (*_GONE_ELSEWHERE, 307, 308)
_KEPT_ALIVE = 100
_DROPS = 5
_INSIDES = re.compile(
    r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+|site-packages|node_modules"
    r"|\bat [\w$.<>]+\([\w$]+\.(?:java|kt|scala|cs):\d+\)|\bat .{1,200}:\d+:\d+\)?|goroutine \d+ \["
    r"|\.(?:go|rs|rb|php|py|java|ts|js|cs):\d+|(?<![\w/:.])/(?:usr|home|opt|app|srv|var|root|tmp|etc)/[\w.-]+"
    r"|\b[A-Z]:\\\\?[\w.-]+\\"
)


@check("C31", "the charset utf-8 may be named", level="core")
def charset(probe: Probe) -> None:
    """Send application/json; charset=utf-8."""
    probe.post(content_type="application/json; charset=utf-8").expect(200)


@check("C36", "another method than POST is a 405 with Allow", severity="SHOULD")
def other_methods(probe: Probe) -> None:
    """Send GET, PUT and DELETE; 404 is tolerated."""
    for method in ("GET", "PUT", "DELETE"):
        exchange = probe.exchange(probe.request(method, probe.target.path))
        if exchange.status not in {405, 404}:
            raise Failed(f"answered {exchange.status} to {method}, where 405 is due", exchange)
        if (
            exchange.status != HTTPStatus.NOT_FOUND
            and "POST" not in (exchange.answer.header("allow") or "").upper()
        ):
            raise Failed(f"the 405 to {method} does not say Allow: POST", exchange)


def _refusals(probe: Probe) -> list[Exchange]:
    """Give answers other than 2xx, one of each kind; they are made once."""

    def make() -> list[Exchange]:
        exchanges = [
            probe.post(b"{"),
            probe.post(b"[]"),
            probe.post(b'{"action":""}'),
            probe.post({**probe.body(), "action": "mm-conformance-no-such-action"}),
            probe.post(content_type="text/plain"),
            probe.exchange(probe.request("GET", probe.target.path)),
        ]
        return [each for each in exchanges if each.response is not None and each.status not in _FINE]

    found = probe.shared("refusals", make)
    if not found:
        raise Skipped("nothing was refused; see C23 and C24")
    return found


@check("C37", "a refusal is application/problem+json (RFC 9457)", severity="SHOULD")
def problems(probe: Probe) -> None:
    """Look at type, status and title of each kind of refusal."""
    for exchange in _refusals(probe):
        kind = exchange.answer.media_type
        if kind != "application/problem+json":
            raise Failed(
                f"the {exchange.status} has the type {kind!r}, where application/problem+json is due",
                exchange,
            )
        value = exchange.json()
        if not isinstance(value, dict) or value.get("status") != exchange.status:
            raise Failed(f"the problem does not have the status {exchange.status}", exchange)
        if not isinstance(value.get("title"), str):
            raise Failed("the problem has no title", exchange)


@check("C38", "a refusal shows nothing of the server's insides", severity="SHOULD")
def insides(probe: Probe) -> None:
    """Look for stack traces and paths of files."""
    for exchange in _refusals(probe):
        text = exchange.answer.body.decode("utf-8", "replace")
        found = _INSIDES.search(text.replace('\\"', '"'))
        if found:
            raise Failed(f"the {exchange.status} shows the server's insides: {found.group()[:60]}", exchange)


@check("C39", "a POST is answered, not sent elsewhere", level="core")
def redirects(probe: Probe) -> None:
    """Post with and without a slash at the end; 307 and 308, which keep the body, may correct it."""
    plain = probe.target.path.rstrip("/")
    for path in dict.fromkeys((probe.target.path, f"{plain}/")):
        exchange = probe.post(path=path)
        if exchange.status not in _ELSEWHERE:
            continue
        location = exchange.answer.header("location") or ""
        if exchange.status in _GONE_ELSEWHERE or location.rstrip("/").rpartition(plain)[1:] != (plain, ""):
            raise Failed(f"answered {exchange.status} to POST {path}: clients do not follow it", exchange)


@check("C43", "headers that a server does not know do no harm", level="core")
def odd_headers(probe: Probe) -> None:
    """Send an unknown header, an empty Idempotency-Key and a malformed traceparent, which is ignored."""
    for name, value in (("X-Unknown-To-All", "1"), ("Idempotency-Key", "")):
        exchange = probe.post(headers=((name, value),))
        if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Failed(f"answered {exchange.status} to the header {name}: {value}", exchange)
    exchange = probe.post(headers=(("traceparent", "00-nonsense"),))
    if exchange.status != HTTPStatus.OK:
        raise Failed(
            f"answered {exchange.status} to a malformed traceparent, which is to be ignored", exchange
        )


@check("C44", "X-MM-Timeout-Ms is taken", level="core")
def timeout_header(probe: Probe) -> None:
    """Say how long the client will wait."""
    probe.post(headers=(("X-MM-Timeout-Ms", "2500"),)).expect(200)


@check("C46", "100 requests travel on one connection", severity="SHOULD")
def kept_alive(probe: Probe) -> None:
    """Send them one after the other."""
    try:
        with probe.line() as line:
            for number in range(1, _KEPT_ALIVE + 1):
                exchange = probe.post(line=line)
                if exchange.response is None:
                    raise Failed(f"request {number} on a connection: {exchange.error}", exchange)
                exchange.expect(200)
                if number < _KEPT_ALIVE and not exchange.answer.reusable:
                    raise Failed(f"it closes the connection after {number} requests", exchange)
    except NoAnswer as error:
        raise Failed(str(error)) from None


@check(
    "C47",
    "a chunked body and Expect: 100-continue are taken, and gzip is not sent unasked",
    severity="SHOULD",
)
def framing(probe: Probe) -> None:
    """Send a body in chunks, then one that waits for 100 Continue for a second."""
    exchange = probe.post(chunked=True)
    if exchange.status != HTTPStatus.OK:
        raise Failed(f"answered {exchange.status} to a chunked body, where 200 is due", exchange)
    coding = exchange.answer.header("content-encoding") or "identity"
    if coding.lower() != "identity":
        raise Failed(f"the answer is in {coding}, which nobody asked for", exchange)
    expecting = probe.post_expecting()
    if expecting.status != HTTPStatus.OK:
        raise Failed(f"answered {expecting.status} to Expect: 100-continue, where 200 is due", expecting)


@check("C58", "429 and 503 say when to come again, in whole seconds", severity="SHOULD")
def retry_after(probe: Probe) -> None:
    """Look at every such answer of the run."""
    busy = [each for each in probe.seen if each.response is not None and each.status in {429, 503}]
    if not busy:
        raise Skipped("the server answered neither 429 nor 503 in this run")
    for exchange in busy:
        value = exchange.answer.header("retry-after")
        if value is None or not re.fullmatch("[0-9]+", value):
            said = "has no Retry-After" if value is None else f"has Retry-After: {value}"
            raise Failed(f"the {exchange.status} {said}, where whole seconds are due", exchange)


@check("C61", "a client that goes away does no harm", severity="SHOULD")
def dropped(probe: Probe) -> None:
    """Go away in the middle of the request, before the answer and within it."""
    body = encoded(probe.body())
    request = probe.request("POST", probe.target.path, body, headers=(("Content-Type", "application/json"),))
    try:
        for number in range(_DROPS):
            with probe.line() as line:
                line.send_head(request)
                line.send(body[: len(body) // 2] if number == 0 else body)
                if number > 1:
                    line.wait(probe.options.wait)
                line.drop()
    except NoAnswer as error:
        raise Failed(f"after a client went away: {error}") from None
    probe.still_well()
