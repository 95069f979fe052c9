"""An earlier turn: it travels with every later call, so it stays as it is and is written only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from mm_actions.contract.codec import MAX_DEPTH, encode
from mm_actions.core.frozen import FrozenDict

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS = MAX_DEPTH - 3
"""Levels of nesting that a turn may have: the payload, its request and the list of turns are around it."""

_SCALARS = frozenset((str, int, float, bool, type(None)))


def _raise(_self: object, *_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError("an earlier turn does not change; copy.deepcopy() gives one that does")


_refuse: Any = _raise


class _StillDict(dict[str, Any]):
    """A dict of an earlier turn. Whoever copies it, by whatever means, gets a plain dict."""

    __slots__ = ()
    __setitem__ = __delitem__ = _refuse
    __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        from copy import deepcopy  # noqa: PLC0415 - rare, and not worth its import at start

        return deepcopy(dict(self), memo)

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return dict, (dict(self),)


class _StillList(list[Any]):
    """A list of an earlier turn. Whoever copies it, by whatever means, gets a plain list."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        from copy import deepcopy  # noqa: PLC0415 - rare, and not worth its import at start

        return deepcopy(list(self), memo)

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return list, (list(self),)


class EarlierTurn(_StillDict):
    """A turn of the history, all of which stays as it is. Made by :func:`earlier`."""

    __slots__ = ("_written",)

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(members)
        self._written: bytes | None = None

    def written(self) -> bytes:
        """Give it as JSON. To write a hundred turns takes 270 µs; to put together what was written, 10.

        Raises:
            EncodingFailed: See :func:`mm_actions.contract.codec.encode`.
        """
        if self._written is None:
            self._written = encode(self, levels=LEVELS)
        return self._written

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Pickle as what it is, and have it made anew; what is inside is pickled as plain dicts and lists."""
        return earlier, (dict(self),)  # type: ignore[return-value] # any callable will do


def earlier(turn: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make an earlier turn of a responder's members.

    Returns:
        An :class:`EarlierTurn`. The turn itself, if it holds what cannot be kept from changing: anything but
        strings, numbers, booleans, None, lists, tuples and dicts; it is then written for every call.
    """
    if type(turn) is EarlierTurn:
        return turn
    try:
        return EarlierTurn({name: _still(value) for name, value in turn.items()})
    except (_Changes, RecursionError):
        return turn


class _Changes(Exception):
    """A value may change."""


def _still(value: Any) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is dict or kind is FrozenDict or kind is _StillDict:
        return _StillDict(
            {name: each if type(each) in _SCALARS else _still(each) for name, each in value.items()}
        )
    if kind is list or kind is _StillList:
        return _StillList(map(_still, value))
    if kind is tuple:
        return tuple(map(_still, value))
    raise _Changes
