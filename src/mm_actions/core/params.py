"""Params: the settings that a turn brings, and that a handler sets for the next one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

from mm_actions.core.frozen import FrozenDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: The members that MindMeld always sends, in its order.
SENT_ALWAYS = (
    "dynamic_resource",
    "locale",
    "timestamp",
    "allowed_intents",
    "time_zone",
    "language",
    "target_dialogue_state",
)
#: The members that are sent when they say something.
SENT_IF_SET = ("allow_nlp", "deny_nlp")
SCALARS = ("target_dialogue_state", "time_zone", "language", "locale", "timestamp")
NAMES = (*SENT_ALWAYS, *SENT_IF_SET)


class Params:
    """Settings of the next turn.

    Args:
        allowed_intents: ``domain.intent`` names that the next turn may have.
        target_dialogue_state: The dialogue state that takes the next turn, whatever it says.
        time_zone: An IANA time zone, such as ``America/Los_Angeles``.
        timestamp: Unix time in milliseconds.
        language: ISO 639 code.
        locale: ISO 639 and ISO 3166 codes joined by an underscore, such as ``en_US``.
        dynamic_resource: Gazetteer entries for one turn.
        allow_nlp: Labels that the next turn may have, as in MindMeld's ``allowed_nlp_classes``.
        deny_nlp: Labels that it may not have.
    """

    __slots__ = NAMES

    def __init__(
        self,
        *,
        allowed_intents: Iterable[str] | None = (),
        target_dialogue_state: str | None = None,
        time_zone: str | None = None,
        timestamp: int | None = None,
        language: str | None = None,
        locale: str | None = None,
        dynamic_resource: Mapping[str, Any] | None = None,
        allow_nlp: Iterable[str] | None = (),
        deny_nlp: Iterable[str] | None = (),
    ) -> None:
        self.allowed_intents: tuple[str, ...] = tuple(allowed_intents or ())
        self.target_dialogue_state = target_dialogue_state
        self.time_zone = time_zone
        self.timestamp = timestamp
        self.language = language
        self.locale = locale
        self.dynamic_resource: dict[str, Any] = dict(dynamic_resource or {})
        self.allow_nlp: tuple[str, ...] = tuple(allow_nlp or ())
        self.deny_nlp: tuple[str, ...] = tuple(deny_nlp or ())

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Give the members that are set, so that ``dict(params)`` is what MindMeld shows."""
        return ((name, value) for name, value in self.to_wire().items() if value)

    def to_wire(self) -> dict[str, Any]:
        """Give all members as they travel: the seven of MindMeld always, a timestamp as a string."""
        wire = {
            "dynamic_resource": self.dynamic_resource,
            "locale": self.locale,
            "timestamp": None if self.timestamp is None else str(self.timestamp),
            "allowed_intents": self.allowed_intents,
            "time_zone": self.time_zone,
            "language": self.language,
            "target_dialogue_state": self.target_dialogue_state,
        }
        if self.allow_nlp:
            wire["allow_nlp"] = self.allow_nlp
        if self.deny_nlp:
            wire["deny_nlp"] = self.deny_nlp
        return wire

    def __eq__(self, other: object) -> bool:
        """Compare all members, frozen or not."""
        if not isinstance(other, Params):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in NAMES)

    __hash__ = None  # type: ignore[assignment] # its members change

    def __repr__(self) -> str:
        """Show what is set."""
        members = ", ".join(f"{name}={getattr(self, name)!r}" for name in NAMES if getattr(self, name))
        return f"{type(self).__name__}({members})"


class FrozenParams(Params):
    """The params of a Request: they do not change."""

    __slots__ = ()

    def __init__(self, **members: Any) -> None:
        params = Params(**members)
        for name in NAMES:
            object.__setattr__(self, name, getattr(params, name))
        object.__setattr__(self, "dynamic_resource", FrozenDict(params.dynamic_resource))

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse.

        Raises:
            dataclasses.FrozenInstanceError: Always.
        """
        raise _frozen(name)

    def __delattr__(self, name: str) -> None:
        """Refuse, as :meth:`__setattr__`."""
        raise _frozen(name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle through the constructor; the default way sets members one by one."""
        return _frozen_params, ({name: getattr(self, name) for name in NAMES},)


def _frozen_params(members: dict[str, Any]) -> FrozenParams:
    return FrozenParams(**members)


def _frozen(name: str) -> FrozenInstanceError:
    return FrozenInstanceError(f"{name!r} stays: a Request's params do not change; set responder.params")
