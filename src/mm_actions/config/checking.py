"""Checks of single values, with messages that name the place and say what to write."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mm_actions.config.settings import ServerSettings
from mm_actions.errors import ConfigurationError

G = TypeVar("G")
SERVER_KEYS = tuple(name for name in ServerSettings.__dataclass_fields__)
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: the source, the way of keys to it, and the folder of relative paths."""

    source: str
    folder: Path | None = None
    keys: tuple[str, ...] = ()

    def at(self, *keys: str) -> Place:
        """Go down."""
        return Place(self.source, self.folder, (*self.keys, *map(str, keys)))

    def __str__(self) -> str:
        """Show the way."""
        return ": ".join((self.source, ".".join(self.keys))) if self.keys else self.source

    def refuse(self, value: object, wanted: str) -> ConfigurationError:
        """Make the error for a value of the wrong kind; the value itself may be a secret and is not shown."""
        return ConfigurationError(f"{self} is {type(value).__name__} that is not {wanted}")

    def known(self, mapping: Mapping[str, Any], keys: Iterable[str] = SERVER_KEYS) -> None:
        """Refuse keys that are not known, and name the nearest that is."""
        keys = tuple(keys)
        for key in mapping:
            if key not in keys:
                near = difflib.get_close_matches(str(key), keys, n=1, cutoff=0.5)
                advice = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(keys)}"
                raise ConfigurationError(f"{self} has the unknown key {key!r}: {advice}")

    def mapping(self, value: Any) -> Mapping[str, Any]:
        """Want a group of keys."""
        if not isinstance(value, Mapping):
            raise self.refuse(value, "a group of keys")
        return value

    def group(self, value: Any, kind: type[G], readers: Mapping[str, Callable[[Place, Any], Any]]) -> G:
        """Read a group of keys as settings of a class, or take such settings as they are."""
        if isinstance(value, kind):
            return value
        group = self.mapping(value)
        self.known(group, readers)
        return kind(
            **{key: readers[key](self.at(key), each) for key, each in group.items() if each is not None}
        )

    def one_of(self, value: Any, names: Iterable[str]) -> str:
        """Want one of some names."""
        names = tuple(names)
        if value not in names:
            near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
            advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
            raise ConfigurationError(f"{self} is {value!r}: {advice}")
        return str(value)

    def text(self, value: Any) -> str:
        """Want a string that is not empty and can travel in a header."""
        if not isinstance(value, str) or not value or any(mark in value for mark in "\r\n\0"):
            raise self.refuse(value, "a line of text")
        return value

    def file(self, value: Any) -> str:
        """Want the path of a file; a relative one starts from the settings' own folder."""
        path = Path(self.text(str(value) if isinstance(value, Path) else value)).expanduser()
        return str(self.folder / path if self.folder else path)

    def boolean(self, value: Any) -> bool:
        """Want true or false."""
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in (*_YES, *_NO):
            return value.lower() in _YES
        raise self.refuse(value, "true or false")

    def seconds(self, value: Any) -> float:
        """Want a positive number of seconds."""
        number = self.number(value, "a positive number of seconds")
        if not 0 < number < float("inf"):
            raise ConfigurationError(f"{self} is {number}, not a positive number of seconds")
        return number

    def count(self, value: Any, *, least: int = 0, most: float = float("inf")) -> int:
        """Want a whole number."""
        number = self.number(value, "a whole number")
        if number != int(number) or not least <= number <= most:
            bounds = f"of at least {least}" if most == float("inf") else f"from {least} to {most}"
            raise ConfigurationError(f"{self} is {number:g}, not a whole number {bounds}")
        return int(number)

    def number(self, value: Any, wanted: str = "a number") -> float:
        """Want a number."""
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            try:
                number = float(value)
            except (ValueError, OverflowError):
                raise self.refuse(value, wanted) from None
            if number == number and abs(number) != float("inf"):  # noqa: PLR0124 - false for NaN alone
                return number
        raise self.refuse(value, wanted)
