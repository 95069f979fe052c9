"""Request: one turn as the application understood it. It does not change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from mm_actions.core.frozen import FrozenDict
from mm_actions.core.params import FrozenParams, Params

if TYPE_CHECKING:
    from collections.abc import Iterator

# They cannot change, so all turns share them.
_EMPTY = FrozenDict()
_NO_PARAMS = FrozenParams()


@dataclass(frozen=True, kw_only=True, eq=True)
class Request:
    """One turn.

    Attributes:
        text: The query text.
        domain: Domain of the query.
        intent: Intent of the query.
        entities: The entities, each a dict with ``text``, ``type``, ``role``, ``value``, ``span`` and so on.
        history: Responders of earlier turns, newest first, each as ``dict(responder)``.
        frame: What the application kept from earlier turns.
        params: Settings of this turn.
        context: What the front end says of itself and its user.
        confidences: Confidences under ``domains``, ``intents``, ``entities`` and ``roles``.
        nbest_transcripts_text: Alternate transcripts of a speech recogniser.
        nbest_transcripts_entities: The entities of each alternate transcript.
        nbest_aligned_entities: Alternate spans of each entity.
        form: The entity form in progress.
        request_id: The caller's id of this turn.
    """

    text: str | None = None
    domain: str | None = None
    intent: str | None = None
    entities: Sequence[Mapping[str, Any]] = ()
    history: Sequence[Mapping[str, Any]] = ()
    frame: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    params: Params = field(default_factory=lambda: _NO_PARAMS)
    context: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    confidences: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    nbest_transcripts_text: Sequence[str] = ()
    nbest_transcripts_entities: Sequence[Sequence[Mapping[str, Any]]] = ()
    nbest_aligned_entities: Sequence[Sequence[Mapping[str, Any]]] = ()
    form: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    request_id: str | None = None

    def __post_init__(self) -> None:
        """Freeze what came in: dicts, lists, None and MindMeld's own classes are taken as they are given."""
        freeze = object.__setattr__
        for name in ("frame", "context", "confidences", "form"):
            value = getattr(self, name)
            if type(value) is not FrozenDict:
                freeze(self, name, FrozenDict(value or {}))
        freeze(self, "params", frozen_params(self.params))
        if self.entities:
            freeze(self, "entities", _maps(self.entities))
        else:
            freeze(self, "entities", ())
        freeze(self, "history", tuple(self.history or ()))
        freeze(self, "nbest_transcripts_text", tuple(self.nbest_transcripts_text or ()))
        for name in ("nbest_transcripts_entities", "nbest_aligned_entities"):
            freeze(self, name, tuple(_maps(group) for group in getattr(self, name) or ()))

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Give the members that say something, so that ``dict(request)`` is MindMeld's payload."""
        members = {name: value for name, value in self.__dict__.items() if value and name in NAMES}
        members["params"] = self.params.to_wire()
        return iter(members.items())


def frozen_params(params: Any) -> FrozenParams:
    """Freeze params given as ours, as MindMeld's, as a dict or as None.

    Raises:
        TypeError: A member is not known.
    """
    if isinstance(params, FrozenParams):
        return params
    if params is None:
        return FrozenParams()
    if isinstance(params, Params):
        return FrozenParams(**{name: getattr(params, name) for name in Params.__slots__})
    if isinstance(params, Mapping):
        return FrozenParams(**params)
    return FrozenParams(**dict(params))


def _maps(group: Iterable[Mapping[str, Any]]) -> tuple[FrozenDict, ...]:
    return tuple(entity if type(entity) is FrozenDict else FrozenDict(entity) for entity in group)


NAMES = frozenset(member.name for member in fields(Request))
