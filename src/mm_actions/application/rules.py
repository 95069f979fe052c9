"""When a dialogue state takes a turn: MindMeld's conditions and its order of specificity.

Source: MindMeld user guide, "Working with the dialogue manager".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mm_actions.errors import RegistrationError, UnknownArgument

if TYPE_CHECKING:
    from mm_actions.core.request import Request

_NAMES, _FLAGS = ("domain", "intent", "has_entity"), ("targeted_only", "default")
CONDITIONS = ("domain", "intent", "has_entity", "has_entities", *_FLAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueStateRule:
    """A condition on a turn, and the state and handler it leads to.

    Attributes:
        dialogue_state: The state's name.
        handler: What answers in that state.
        domain: The domain that the turn must have.
        intent: The intent that the turn must have.
        entity_types: The entity types that must all be present.
        targeted_only: Reached by name alone.
        default: Takes the turns that nobody else takes.
    """

    dialogue_state: str
    handler: Any = field(compare=False)
    domain: str | None = None
    intent: str | None = None
    entity_types: frozenset[str] = frozenset()
    targeted_only: bool = False
    default: bool = False

    def apply(self, request: Request) -> bool:
        """Tell whether the rule takes a turn that is not targeted."""
        return (
            not self.targeted_only
            and (self.domain is None or self.domain == request.domain)
            and (self.intent is None or self.intent == request.intent)
            and (not self.entity_types or self.entity_types <= types_of(request))
        )

    @property
    def complexity(self) -> tuple[int, int, int, int]:
        """How specific it is: entity types count most, then the intent, the domain, and being the default."""
        return (
            len(self.entity_types),
            int(self.intent is not None),
            int(self.domain is not None),
            int(self.default),
        )


def make_rule(dialogue_state: str, handler: Any, conditions: dict[str, Any]) -> DialogueStateRule:
    """Check conditions as users write them, and make a rule of them.

    Raises:
        UnknownArgument: A condition has an unknown name.
        RegistrationError: A value is of the wrong kind, or two conditions exclude each other.
    """
    for name in conditions:
        if name not in CONDITIONS:
            raise UnknownArgument(
                f"{dialogue_state!r} has the unknown condition {name!r}; there are {', '.join(CONDITIONS)}"
            )
    given = {
        name: value
        for name, value in conditions.items()
        if value is not None and not (name in _FLAGS and value is False)
    }
    for name in _NAMES:
        if name in given and (not isinstance(given[name], str) or not given[name]):
            several = "; write has_entities=[...] for several" if name == "has_entity" else ""
            raise RegistrationError(f"{name} of {dialogue_state!r} is a name, not {given[name]!r}{several}")
    for name in _FLAGS:
        if name in given and given[name] is not True:
            raise RegistrationError(f"{name} of {dialogue_state!r} is True or False, not {given[name]!r}")
        others = sorted(other for other in given if other != name and given[other])
        if name in given and others:
            raise RegistrationError(
                f"{name} of {dialogue_state!r} excludes other conditions: leave out {', '.join(others)}"
            )
    if "has_entity" in given and "has_entities" in given:
        raise RegistrationError(
            f"{dialogue_state!r} has both has_entity and has_entities: put all into has_entities"
        )
    return DialogueStateRule(
        dialogue_state=dialogue_state,
        handler=handler,
        domain=given.get("domain"),
        intent=given.get("intent"),
        entity_types=_entity_types(dialogue_state, given),
        targeted_only="targeted_only" in given,
        default="default" in given,
    )


def types_of(request: Request) -> set[str]:
    """Give the types of a turn's entities."""
    return {entity.get("type", "") for entity in request.entities}


def _entity_types(dialogue_state: str, given: dict[str, Any]) -> frozenset[str]:
    if "has_entity" in given:
        return frozenset((given["has_entity"],))
    types = given.get("has_entities", ())
    if not isinstance(types, (list, set, frozenset, tuple)) or not all(
        isinstance(kind, str) for kind in types
    ):
        raise RegistrationError(
            f"has_entities of {dialogue_state!r} is a list of entity types, not {types!r}"
        )
    return frozenset(types)
