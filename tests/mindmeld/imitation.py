"""Classes that behave as MindMeld's Request, Params and DialogueResponder do where a client can tell.

They are frozen or not, made of mappings that are no dicts, and turned into payloads by ``dict()``, in the
same way as MindMeld's. Nothing of mm_actions is in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any


class Map(Mapping[str, Any]):
    """An immutable mapping, as `immutables.Map` is."""

    def __init__(self, members: Any = ()) -> None:
        self._members = dict(members)

    def __getitem__(self, key: str) -> Any:
        return self._members[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __hash__(self) -> int:
        return hash(tuple(self._members))


def _dumped(params: Any) -> dict[str, Any]:
    return {
        "dynamic_resource": dict(params.dynamic_resource),
        "locale": params.locale,
        "timestamp": None if params.timestamp is None else str(params.timestamp),
        "allowed_intents": list(params.allowed_intents),
        "time_zone": None if params.time_zone is None else str(params.time_zone),
        "language": params.language,
        "target_dialogue_state": params.target_dialogue_state,
    }


class Params:
    """Has a `__dict__`, and iterates over what is set; `allow_nlp` and `deny_nlp` are never dumped."""

    def __init__(self, **members: Any) -> None:
        given = {
            "allowed_intents": (),
            "allow_nlp": (),
            "deny_nlp": (),
            "target_dialogue_state": None,
            "time_zone": None,
            "timestamp": None,
            "language": None,
            "locale": None,
            "dynamic_resource": {},
            **members,
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return ((name, value) for name, value in _dumped(self).items() if value)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None


class FrozenParams(Params):
    def __init__(self, **members: Any) -> None:
        super().__init__(**members)
        for name in ("allowed_intents", "allow_nlp", "deny_nlp"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "dynamic_resource", Map(self.dynamic_resource))  # type: ignore[attr-defined]

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(name)


def _maps(values: Any) -> tuple[Map, ...]:
    return tuple(Map(value) for value in values)


@dataclass(frozen=True, kw_only=True)
class Request:
    domain: str | None = None
    intent: str | None = None
    entities: Any = ()
    history: Any = ()
    text: str | None = None
    frame: Any = field(default_factory=Map)
    params: Any = field(default_factory=FrozenParams)
    context: Any = field(default_factory=Map)
    confidences: Any = field(default_factory=Map)
    nbest_transcripts_text: Any = ()
    form: Any = field(default_factory=Map)

    def __post_init__(self) -> None:
        for name in ("entities", "history"):
            object.__setattr__(self, name, _maps(getattr(self, name)))
        for name in ("frame", "context", "confidences", "form"):
            object.__setattr__(self, name, Map(getattr(self, name)))

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        dumped = {
            "confidences": dict(self.confidences),
            "params": _dumped(self.params),
            "frame": dict(self.frame),
            "form": dict(self.form),
            "context": dict(self.context),
            "history": [dict(turn) for turn in self.history],
            "text": self.text,
            "domain": self.domain,
            "intent": self.intent,
            "entities": [dict(entity) for entity in self.entities],
            "nbest_transcripts_text": list(self.nbest_transcripts_text),
        }
        return ((name, value) for name, value in dumped.items() if value)


class DialogueResponder:
    def __init__(
        self,
        frame: Any = None,
        params: Any = None,
        slots: Any = None,
        request: Any = None,
        directives: Any = None,
    ) -> None:
        self.directives = directives or []
        self.frame = frame or {}
        self.params = params
        self.slots = slots or {}
        self.dialogue_state = None
        self.form = None
        self.history: list[Any] = []
        self.request = request or Request()

    @property
    def params(self) -> Any:
        return self._params

    @params.setter
    def params(self, value: Any) -> None:
        self._params = Params(**value) if isinstance(value, dict) else value or Params()

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        yield "frame", self.frame
        yield "params", _dumped(self.params)
        yield "history", self.history
        yield "slots", self.slots
        yield "request", dict(self.request)
        yield "dialogue_state", self.dialogue_state
        yield "directives", self.directives
        yield "form", self.form

    def reply(self, text: str) -> None:
        self.directives.append(
            {"name": "reply", "type": "view", "payload": {"text": text.format(**self.slots)}}
        )
