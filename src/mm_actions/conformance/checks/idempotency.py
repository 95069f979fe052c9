"""C48 to C50: what `Idempotency-Key` means to a server that honours it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm_actions.conformance.check import Failed, Skipped, check

if TYPE_CHECKING:
    from mm_actions.conformance.exchange import Exchange, Headers
    from mm_actions.conformance.probe import Probe

_AT_ONCE = 4
_OK, _CONFLICT, _MISMATCH = 200, 409, 422
_IGNORED = (
    "the server seems to carry out each request whatever its Idempotency-Key, as it may; "
    "say --idempotent if it is meant to honour keys"
)


def _key() -> Headers:
    return (("Idempotency-Key", secrets.token_hex(16)),)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Two bodies under one key, and the second of them under another."""

    first: Exchange
    other_body: Exchange
    afresh: Exchange

    @property
    def replayed(self) -> bool:
        """Whether the other body got the answer of the first, though it has one of its own."""
        one, two, own = (each.answer.body for each in (self.first, self.other_body, self.afresh))
        return self.other_body.status == _OK and one == two != own

    @property
    def honoured(self) -> bool:
        """Whether the key had any effect."""
        return self.other_body.status == _MISMATCH or self.replayed


def _trial(probe: Probe) -> _Trial:
    """Find out what the server makes of keys; done once."""

    def make() -> _Trial:
        key = _key()
        one, other = probe.body(text="one body"), probe.body(text="another body")
        return _Trial(
            first=probe.post(one, headers=key),
            other_body=probe.post(other, headers=key),
            afresh=probe.post(other, headers=_key()),
        )

    trial = probe.shared("idempotency", make)
    trial.first.expect(_OK)
    if not (trial.honoured or probe.options.idempotent):
        raise Skipped(_IGNORED)
    return trial


@check("C48", "a repeated request with the same key gets the same answer", severity="SHOULD")
def repeated(probe: Probe) -> None:
    """Send one invocation twice."""
    _trial(probe)
    key, body = _key(), probe.body()
    first = probe.post(body, headers=key).expect(_OK)
    second = probe.post(body, headers=key).expect(_OK)
    if first.json() != second.json():
        raise Failed("the repeat has another answer than the first request: the action ran twice", second)


@check("C49", "the same key with another body is a 422", severity="SHOULD")
def other_body(probe: Probe) -> None:
    """Send two invocations under one key."""
    trial = _trial(probe)
    if trial.replayed:
        raise Failed("another body under the same key got the answer of the first one", trial.other_body)
    trial.other_body.expect(_MISMATCH)


@check("C50", "repeats while the first request runs are a 409, or wait for its answer", severity="SHOULD")
def at_the_same_time(probe: Probe) -> None:
    """Send one invocation several times at once."""
    _trial(probe)
    key, body = _key(), probe.body()
    exchanges = probe.at_once(_AT_ONCE, lambda _: probe.post(body, headers=key))
    answered = [each.expect(_OK, _CONFLICT) for each in exchanges]
    carried_out = [each for each in answered if each.status == _OK]
    if not carried_out:
        raise Failed("each of several requests at once was refused as a repeat of another", answered[0])
    for each in carried_out[1:]:
        if each.json() != carried_out[0].json():
            raise Failed("requests of the same key at the same time were carried out twice", each)
