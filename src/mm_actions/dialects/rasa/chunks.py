"""The pieces of an answer that is told while the action is at work: Rasa's chunks, our directives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from mm_actions.dialects.rasa.wire import OBJECT

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["chunk_start", "chunk", "chunk_end"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TYPE = "stream"
"""The type of their directives."""


def directive_of_chunk(kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    """Say a chunk as a directive.

    Args:
        kind: What it is: the start of a text that comes in pieces, a piece, or the end.
        body: ``response_id``, which all pieces of one text have in common, and what the piece says.
    """
    return {"name": kind, "type": TYPE, "payload": dict(body)}


def chunk_of_directive(directive: Mapping[str, Any]) -> tuple[Kind, dict[str, Any]] | None:
    """Give the kind and the body of a chunk; None for any other directive."""
    name, payload = directive.get("name"), directive.get("payload") or {}
    if directive.get("type") != TYPE or not isinstance(payload, OBJECT):
        return None
    return next(((kind, dict(payload)) for kind in KINDS if kind == name), None)
