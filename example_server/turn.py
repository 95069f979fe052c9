"""What an action reads of an invocation, and how it answers.

The contract leaves frame, context and entity values open, so every reader here takes any JSON value and
finds nothing where it finds another shape than it looks for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]
_KEPT_PARAMS = ("target_dialogue_state", "time_zone", "language", "locale")
_MAX_TIMESTAMP_DIGITS = 16


def member(value: Any, *path: str) -> Any:
    """Follow member names into a value; None where the path ends early."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text_of(value: Any) -> str | None:
    """Give a text that is not blank, else None."""
    return value if isinstance(value, str) and value.strip() else None


@dataclass(frozen=True, slots=True)
class Mention:
    """One thing an entity stands for, best candidate first."""

    text: str
    names: tuple[str, ...]
    value: Any

    @property
    def best(self) -> str:
        """The canonical name, or the user's own words."""
        return self.names[0] if self.names else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An invocation, read leniently.

    Attributes:
        invocation: The decoded body.
        pause: Waits for that many seconds, or less when the server is about to stop.
    """

    invocation: Json
    pause: Callable[[float], object] = field(default=lambda seconds: seconds)

    @property
    def action(self) -> str:
        """The name that was called."""
        return str(self.invocation.get("action", ""))

    def context(self, *path: str) -> Any:
        """Look into the front end's state."""
        return member(self.invocation, "request", "context", *path)

    def frame(self, *path: str) -> Any:
        """Look into the frame: what this turn has set so far, else what it started with."""
        found = member(self.invocation, "responder", "frame", *path)
        return member(self.invocation, "request", "frame", *path) if found is None else found

    def mentions(self, *types: str) -> Iterator[Mention]:
        """Give what the entities of these types stand for, in the order of the query."""
        entities = member(self.invocation, "request", "entities")
        for entity in entities if isinstance(entities, list) else ():
            if member(entity, "type") in types:
                yield _mention(entity)

    def mention(self, *types: str) -> Mention | None:
        """Give the first entity of these types."""
        return next(self.mentions(*types), None)

    def kept_params(self) -> Json:
        """Give the settings that stock MindMeld would forget if the answer left them out."""
        params = member(self.invocation, "responder", "params")
        kept: Json = {name: value for name in _KEPT_PARAMS if (value := text_of(member(params, name)))}
        timestamp = member(params, "timestamp")
        if isinstance(timestamp, str) and timestamp.isdecimal() and len(timestamp) <= _MAX_TIMESTAMP_DIGITS:
            timestamp = int(timestamp)
        if isinstance(timestamp, int) and not isinstance(timestamp, bool):
            kept["timestamp"] = timestamp
        return kept

    def answer(
        self, *directives: Json, frame: Json | None = None, slots: Json | None = None, **params: Any
    ) -> Json:
        """Build an answer: what this action adds, never what it was sent."""
        return {
            "directives": list(directives),
            "frame": frame or {},
            "params": {**self.kept_params(), **params},
            "slots": slots or {},
        }


def _mention(entity: Json) -> Mention:
    value = entity.get("value")
    candidates = value if isinstance(value, list) else [value]
    best = candidates[0] if candidates else None
    names = tuple(
        name
        for candidate in candidates
        for key in ("cname", "id", "value")
        if (name := text_of(member(candidate, key)))
    )
    plain = member(best, "value") if isinstance(best, dict) else best
    return Mention(text=text_of(entity.get("text")) or "", names=names, value=plain)


def reply(text: str) -> Json:
    """Show a text."""
    return {"name": "reply", "type": "view", "payload": {"text": text}}


def listing(items: list[Json]) -> Json:
    """Show a list."""
    return {"name": "list", "type": "view", "payload": items}


def suggestions(*texts: str) -> Json:
    """Offer what to say next."""
    return {"name": "suggestions", "type": "view", "payload": [{"text": text} for text in texts]}


def listen() -> Json:
    """Open the microphone."""
    return {"name": "listen", "type": "action"}
