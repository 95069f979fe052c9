"""Members that the contract does not know."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import inspect

from mm_actions.contract.wire import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterator


def unknown_members(invocation: Any) -> list[str]:
    """Give the JSON Pointers of the members of a call that the contract does not name.

    The contract has every reader pass over them; but one who tests what a client sends wants to hear of a
    name that is misspelt.

    Args:
        invocation: A call that has the shape of the contract.
    """
    return list(_unknown(invocation, _shape(), ""))


def _unknown(value: Any, shape: inspect.Type, pointer: str) -> Iterator[str]:
    if isinstance(shape, inspect.UnionType):
        for one in shape.types:
            yield from _unknown(value, one, pointer)
    elif isinstance(shape, inspect.ListType) and isinstance(value, list):
        for position, item in enumerate(value):
            yield from _unknown(item, shape.item_type, f"{pointer}/{position}")
    elif isinstance(shape, inspect.StructType) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in shape.fields}
        for name, item in value.items():
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in fields:
                yield from _unknown(item, fields[name], place)
            else:
                yield place


@cache
def _shape() -> inspect.Type:
    return inspect.type_info(Invocation)
