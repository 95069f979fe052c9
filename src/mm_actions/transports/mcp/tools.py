"""The tools that a server lists, and whether arguments fit them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jsonschema import SchemaError, ValidationError  # type: ignore[import-untyped] # it has no types
from jsonschema.validators import validator_for  # type: ignore[import-untyped] # likewise
from referencing import Registry
from referencing.exceptions import Unresolvable

from mm_actions.errors import BadAnswer, EncodingFailed
from mm_actions.transports.mcp.failures import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp.client.client import Client

_MOST_PAGES = 100


class Tool:
    """A tool as its server describes it.

    Attributes:
        name: Its name.
        schema: What its arguments are to be.
    """

    def __init__(self, name: str, schema: Mapping[str, Any]) -> None:
        self.name = name
        self.schema = schema
        self._validator: Any = None

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Refuse arguments that the tool would refuse: bounds, patterns, members.

        Raises:
            EncodingFailed: They do not fit.
        """
        try:
            if self._validator is None:
                kind = validator_for(self.schema)
                kind.check_schema(dict(self.schema))
                # With a registry of its own, a reference leads nowhere outside of the schema.
                self._validator = kind(self.schema, registry=Registry())
            self._validator.validate(arguments)
        except ValidationError as error:
            place = "/".join(map(str, error.absolute_path))
            rule = f"{error.validator} {error.validator_value!r}"
            raise EncodingFailed(
                f"the tool {self.name!r} cannot be called: {repr(place) if place else 'its arguments'} "
                f"must keep to {shown(rule)}",
                hint="Correct what fills it, or say where it comes from under mcp.arguments",
            ) from None
        except (SchemaError, Unresolvable, re.error, RecursionError):
            return  # a schema that is of no use to us; the server is to judge


async def tools_of(client: Client) -> dict[str, Tool]:
    """Ask a server for all of its tools."""
    found: dict[str, Tool] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor, cache_mode="bypass")
        for tool in page.tools:
            found[tool.name] = Tool(tool.name, tool.input_schema)
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise BadAnswer(f"the server's list of tools has more than {_MOST_PAGES} pages")
