"""How the tools of an MCP server are called as actions: the settings under ``mcp``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mm_actions.config.checking import Place

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class McpSettings:
    """How the tools of an MCP server are called.

    Attributes:
        cwd: The folder in which the command of ``mcp+stdio:`` runs; None for the current one.
    """

    cwd: str | None = None


def mcp_settings(place: Place, value: Any) -> McpSettings:
    """Read the group.

    Raises:
        ConfigurationError: A key is not known, or a value is of the wrong kind.
    """
    return place.group(value, McpSettings, _READERS)


_READERS: dict[str, Callable[[Place, Any], Any]] = {"cwd": Place.file}
