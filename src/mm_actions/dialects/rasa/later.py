"""What is read when somebody looks at it: most actions do not look back, and the past is most of a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

Turn = Mapping[str, Any]


class Events(Sequence[Any]):
    """The events of a tracker as they travel; what is looked at twice is read twice, and so never shared.

    Args:
        written: The events.
        read: Reads one of them.
    """

    __slots__ = ("_read", "_written")

    def __init__(self, written: Sequence[Any], read: Callable[[Any], Any]) -> None:
        self._written = written
        self._read = read

    def __len__(self) -> int:
        """Count the events."""
        return len(self._written)

    @overload
    def __getitem__(self, position: int) -> Any: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Any]: ...
    def __getitem__(self, position: int | slice) -> Any:
        """Read an event, the oldest first."""
        if isinstance(position, slice):
            return [*map(self._read, self._written[position])]
        return self._read(self._written[position])

    def __iter__(self) -> Iterator[Any]:
        """Read the events, the oldest first."""
        return map(self._read, self._written)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as the plain list."""
        return list, ([*self],)


class History(Sequence[Turn]):
    """The earlier turns of a Request, told when somebody looks.

    Args:
        tell: Gives them, the newest first.
    """

    __slots__ = ("_tell", "_turns")

    def __init__(self, tell: Callable[[], Sequence[Turn]]) -> None:
        self._tell = tell
        self._turns: Sequence[Turn] | None = None

    def __len__(self) -> int:
        """Count the turns."""
        return len(self._all())

    @overload
    def __getitem__(self, position: int) -> Turn: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Turn]: ...
    def __getitem__(self, position: int | slice) -> Turn | Sequence[Turn]:
        """Give a turn, the newest first."""
        return self._all()[position]

    def __iter__(self) -> Iterator[Turn]:
        """Give the turns, the newest first."""
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence of turns."""
        return [*self] == [*other] if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment] # its turns are dicts

    def __repr__(self) -> str:
        """Show the turns."""
        return repr(self._all())

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as the plain tuple."""
        return tuple, (self._all(),)

    def _all(self) -> Sequence[Turn]:
        if self._turns is None:
            self._turns = tuple(self._tell())
        return self._turns
