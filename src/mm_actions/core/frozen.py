"""A dict that stays as it is: what a Request is made of."""

from __future__ import annotations

from typing import Any, NoReturn


class FrozenDict(dict[str, Any]):
    """A dict whose members cannot be set or removed; JSON writers and ``==`` treat it as any dict.

    Immutability is shallow, as in MindMeld: a list inside can still be changed.
    """

    __slots__ = ()

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError(
            "a Request does not change; change responder.frame, .slots or .params, or copy with dict()"
        )

    __setitem__ = __delitem__ = _refuse
    # It refuses whatever it is given, which no signature says.
    __ior__ = clear = pop = popitem = setdefault = update = _refuse  # pyright: ignore[reportAssignmentType]

    def __copy__(self) -> FrozenDict:
        """Return itself: nothing can tell the copy from the original."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenDict:
        """Copy what is inside."""
        from copy import deepcopy  # noqa: PLC0415 - rare, and not worth its import at start

        return FrozenDict({key: deepcopy(value, memo) for key, value in self.items()})

    def __reduce__(self) -> tuple[type[FrozenDict], tuple[dict[str, Any]]]:
        """Pickle through the constructor; the default way sets members one by one."""
        return FrozenDict, (dict(self),)
