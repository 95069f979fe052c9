"""C45: many at once."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from mm_actions.conformance.check import Failed, check

if TYPE_CHECKING:
    from mm_actions.conformance.exchange import Exchange
    from mm_actions.conformance.probe import Probe

_AT_ONCE = 50


@check("C45", "50 requests at once get each their own answer", level="core")
def no_cross_talk(probe: Probe) -> str | None:
    """Put a marker of its own into each request; an answer holds no other one."""
    run = secrets.token_hex(4)
    markers = re.compile(rf"mm-at-once-{run}-(\d+)-")

    def one(number: int) -> Exchange:
        marker = f"mm-at-once-{run}-{number}-"
        own = {"marker": marker}
        body = probe.body(text=marker, request={"frame": own, "context": own}, responder={"slots": own})
        return probe.post(body, headers=(("X-MM-Call-Id", marker),))

    echoed = 0
    for number, exchange in enumerate(probe.at_once(_AT_ONCE, one)):
        exchange.expect(200)
        answer = exchange.answer
        text = answer.body.decode("utf-8", "replace") + (answer.header("x-mm-call-id") or "")
        found = {int(each) for each in markers.findall(text)}
        if found - {number}:
            raise Failed("an answer holds what was sent in another request", exchange)
        echoed += bool(found)
    return None if echoed else "the answers hold no marker; only statuses were looked at"
