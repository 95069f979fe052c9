"""Where two JSON values differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mm_actions.testing.exchanges.exchange import REDACTED, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mm_actions.testing.exchanges.members import MemberPath


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Final = _Absent()
"""Stands for a member that is not there."""


class Difference(NamedTuple):
    """One difference.

    Attributes:
        where: ``status``, ``answer``, or the JSON Pointer of a member of the answer.
        recorded: What was recorded; :data:`ABSENT` for nothing.
        now: What is answered now.
    """

    where: str
    recorded: Any
    now: Any


def differences(
    recorded: Any,
    now: Any,
    ignored: Sequence[MemberPath],
    *,
    pointer: str = "",
    trail: tuple[str, ...] = (),
) -> Iterator[Difference]:
    """Give the innermost members that differ.

    Args:
        recorded: The one value; what was redacted in it is equal to anything.
        now: The other.
        ignored: Members that may differ: those whose way from the root ends so.
        pointer: Where the values are.
        trail: The names on the way there.
    """
    if recorded == REDACTED or (trail and any(path.ends(trail) for path in ignored)):
        return
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name in dict.fromkeys((*recorded, *now)):
            yield from differences(
                recorded.get(name, ABSENT),
                now.get(name, ABSENT),
                ignored,
                pointer=f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}",
                trail=(*trail, name),
            )
    elif isinstance(recorded, list) and isinstance(now, list):
        for position in range(max(len(recorded), len(now))):
            yield from differences(
                recorded[position] if position < len(recorded) else ABSENT,
                now[position] if position < len(now) else ABSENT,
                ignored,
                pointer=f"{pointer}/{position}",
                trail=trail,
            )
    elif not same(recorded, now):
        yield Difference(pointer or "answer", recorded, now)
