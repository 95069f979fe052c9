"""What a handler was given, kept as it was: for knowing afterwards what the handler changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mm_actions.core.responder import DialogueResponder

LISTS = ("allowed_intents", "allow_nlp", "deny_nlp")
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
    params, directives = responder.params, responder.directives
    lists = _NOTHING
    if params.allowed_intents or params.allow_nlp or params.deny_nlp:
        lists = {name: getattr(params, name) for name in LISTS}
    return Sent(
        directives=[encode(directive) for directive in directives] if directives else (),
        frame=_kept(responder.frame) if responder.frame else _NOTHING,
        slots=_kept(responder.slots) if responder.slots else _NOTHING,
        dynamic_resource=_kept(params.dynamic_resource) if params.dynamic_resource else _NOTHING,
        lists=lists,
    )


def _kept(members: Mapping[str, Any]) -> Kept:
    return {name: value if type(value) in PLAIN else encode(value) for name, value in members.items()}


_NOTHING: Kept = {}
NOTHING_SENT = Sent(frame=_NOTHING, slots=_NOTHING, dynamic_resource=_NOTHING, lists={})
