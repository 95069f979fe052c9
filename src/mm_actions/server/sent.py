"""What a handler was given, kept as it was: for knowing afterwards what the handler changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mm_actions.core.responder import DialogueResponder

PLAIN = frozenset((str, int, float, bool, type(None)))
"""Types whose values no handler can change."""

Kept = dict[str, Any]
"""Members by name: a plain value as it is, any other as its JSON."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a responder before its handler saw it.

    Attributes:
        directives: The JSON of each.
        frame: See :data:`Kept`.
        slots: Likewise.
        dynamic_resource: Likewise.
        lists: The lists of params by name.
    """

    directives: Sequence[bytes] = ()
    frame: Kept
    slots: Kept
    dynamic_resource: Kept
    lists: Mapping[str, Sequence[str]]


def sent_of(responder: DialogueResponder) -> Sent:
    """Keep what a responder holds."""
    params = responder.params
    return Sent(
        directives=[encode(directive) for directive in responder.directives],
        frame=_kept(responder.frame),
        slots=_kept(responder.slots),
        dynamic_resource=_kept(params.dynamic_resource),
        lists={
            "allowed_intents": params.allowed_intents,
            "allow_nlp": params.allow_nlp,
            "deny_nlp": params.deny_nlp,
        },
    )


def _kept(members: Mapping[str, Any]) -> Kept:
    return (
        {name: value if type(value) in PLAIN else encode(value) for name, value in members.items()}
        if members
        else _NOTHING
    )


_NOTHING: Kept = {}
NOTHING_SENT = Sent(frame=_NOTHING, slots=_NOTHING, dynamic_resource=_NOTHING, lists={})
