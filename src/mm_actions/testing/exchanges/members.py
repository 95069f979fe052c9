"""Members of a JSON document, named by a path such as ``context.token``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY = "*"


@dataclass(frozen=True, slots=True)
class MemberPath:
    """Names of members, from the outer to the inner; ``*`` is any name, and arrays are passed through.

    So ``directives.payload.id`` is the `id` in the payload of every directive.

    Args:
        names: At least one.
    """

    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> MemberPath:
        """Read ``context.token``.

        Raises:
            ConfigurationError: A name is missing.
        """
        names = tuple(text.strip().split("."))
        if not all(names):
            raise ConfigurationError(
                f"{text!r} names no member: write the names with dots between them, such as context.token"
            )
        return cls(names)

    def ends(self, trail: tuple[str, ...]) -> bool:
        """Tell whether a way into a document, from its root, ends with these names."""
        last = trail[-len(self.names) :]
        return len(last) == len(self.names) and all(
            wanted in (ANY, name) for wanted, name in zip(self.names, last, strict=True)
        )

    def values(self, document: Any) -> list[Any]:
        """Give what a document has there, beginning at its root."""
        found = [document]
        for name in self.names:
            found = [value for inner in found for value in _members(inner, name)]
        return found

    def __str__(self) -> str:
        return ".".join(self.names)


def _members(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _members(item, name)
    elif isinstance(value, dict):
        if name == ANY:
            yield from value.values()
        elif name in value:
            yield value[name]
