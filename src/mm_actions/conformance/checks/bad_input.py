"""C23 to C30, C32: what is no invocation is refused, with the status that says why."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from mm_actions.conformance.check import Failed, check
from mm_actions.conformance.http11 import NoAnswer
from mm_actions.conformance.probe import encoded

if TYPE_CHECKING:
    from mm_actions.conformance.probe import Probe

_UNKNOWN = "mm-conformance-no-such-action"


def _bad_request(probe: Probe, *bodies: bytes) -> None:
    for body in bodies:
        exchange = probe.post(body)
        if exchange.status != HTTPStatus.BAD_REQUEST:
            shown = body.decode("utf-8", "backslashreplace") or "no body"
            raise Failed(f"answered {exchange.status} to {shown}, where 400 is due", exchange)


@check("C23", "half a JSON document is a 400", level="core")
def half_a_document(probe: Probe) -> None:
    """Send a brace."""
    _bad_request(probe, b"{")


@check("C24", "JSON that is not an object is a 400", level="core")
def not_an_object(probe: Probe) -> None:
    """Send an array, a string and null."""
    _bad_request(probe, b"[]", b'"x"', b"null")


@check("C25", "no body is a 400", level="core")
def no_body(probe: Probe) -> None:
    """Send a head with Content-Length: 0."""
    _bad_request(probe, b"")


@check("C26", "an invocation without an action is a 400", severity="SHOULD")
def no_action(probe: Probe) -> None:
    """Send an empty object and an empty name."""
    _bad_request(probe, b"{}", b'{"request":{},"responder":{},"action":""}')


@check("C27", "members of the wrong type are a 400", severity="SHOULD")
def wrong_types(probe: Probe) -> None:
    """Send a number for the action and a string for the request."""
    action = probe.action.encode("unicode_escape")
    _bad_request(probe, b'{"action":5}', b'{"request":"x","action":"%b"}' % action)


@check("C28", "an unknown action is a 404", severity="SHOULD")
def unknown_action(probe: Probe) -> None:
    """Call an action that no server has; 400 and 422 are tolerated."""
    exchange = probe.post({**probe.body(), "action": _UNKNOWN})
    if exchange.status not in {404, 400, 422}:
        raise Failed(f"answered {exchange.status} to an unknown action, where 404 is due", exchange)


@check("C29", "a body that does not call itself JSON is a 415", severity="SHOULD")
def plain_text(probe: Probe) -> None:
    """Send an invocation as text/plain; 400 is tolerated."""
    probe.post(content_type="text/plain").expect(415, 400)


@check("C30", "a missing Content-Type is no fault of the server", severity="SHOULD")
def no_content_type(probe: Probe) -> None:
    """Send an invocation without the header."""
    probe.post(content_type=None).expect(200, 400, 415)


@check("C32", "bytes that are not UTF-8 are a 400, and the next request is answered", severity="SHOULD")
def not_utf8(probe: Probe) -> None:
    """Send them, then an invocation on the same connection if it stays open."""
    marker = "not utf-8"
    text = probe.body(text=marker)
    body = encoded(text).replace(marker.encode(), b"\xff\xfe\x80")
    try:
        with probe.line() as line:
            exchange = probe.post(body, line=line).expect(400)
            if exchange.answer.reusable:
                after = probe.post(line=line)
                if after.response is None or after.status != HTTPStatus.OK:
                    raise Failed("the connection is of no use after bytes that are not UTF-8", after)
    except NoAnswer as error:
        raise Failed(str(error)) from None
    probe.still_well()
