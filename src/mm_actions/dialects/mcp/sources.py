"""Where an argument of a tool comes from, when the settings say so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["entity", "slot", "frame", "text", "const"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NAMED = ("entity", "slot", "frame")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an argument comes from.

    Attributes:
        kind: The place: an entity, a slot, the frame, the text that was said, or a value that is always the
            same.
        name: The role or type of the entity, or the name of the slot or of the frame's member.
        value: The JSON of a value that is always the same.
    """

    kind: Kind
    name: str = ""
    value: str = "null"

    @classmethod
    def parse(cls, written: Any) -> Source:
        """Read ``"entity:size"``, ``"slot:x"``, ``"frame:y"``, ``"text"`` or ``{"value": 3}``.

        Raises:
            ValueError: It is none of these.
        """
        if isinstance(written, dict) and set(written) == {"value"}:
            return cls(kind="const", value=json.dumps(written["value"]))
        if written == "text":
            return cls(kind="text")
        if isinstance(written, str):
            kind, _, name = written.partition(":")
            for known in KINDS:
                if kind == known and kind in NAMED and name:
                    return cls(kind=known, name=name)
        raise ValueError("not 'entity:<role or type>', 'slot:<name>', 'frame:<name>', 'text' or {value: ...}")

    def __str__(self) -> str:
        """Show it as it is written."""
        return f"{self.kind}:{self.name}" if self.kind in NAMED else self.kind
