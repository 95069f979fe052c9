"""How the tools of an MCP server are called as actions: the settings under ``mcp``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mm_actions.config.checking import Place
from mm_actions.config.secret import Secret, read_secret
from mm_actions.dialects.mcp.sources import Source
from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

PROTOCOLS = ("auto", "legacy", "2026-07-28")

Arguments = tuple[tuple[str, Source], ...]
Pointers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class McpSettings:
    """How the tools of an MCP server are called.

    Attributes:
        tools: The tool's name by the action's, where they differ.
        arguments: Where the arguments of an action's tool come from, by action; those that are not named
            here are filled by their names.
        slots: For an action, JSON Pointers into the structured content by slot; for an action that is not
            named here, each member of the structured content is a slot.
        turn: Whether the server's tools are actions of mm_actions: the whole turn then travels with a call,
            as it does to a server of the contract, and what comes back is the action's own answer.
        protocol: ``auto`` asks the server; ``legacy`` begins with the handshake of the versions up to
            2025-11-25 at once; a version stands for itself.
        cwd: The folder in which the command of ``mcp+stdio:`` runs; None for the current one.
        env: Variables of its environment, which has beside them only what a program needs to run: ``PATH``,
            ``HOME`` and the like.
    """

    tools: tuple[tuple[str, str], ...] = ()
    arguments: tuple[tuple[str, Arguments], ...] = ()
    slots: tuple[tuple[str, Pointers], ...] = ()
    turn: bool = False
    protocol: str = "auto"
    cwd: str | None = None
    env: tuple[tuple[str, Secret], ...] = field(default=(), repr=False)


def mcp_settings(place: Place, value: Any) -> McpSettings:
    """Read the group.

    Raises:
        ConfigurationError: A key is not known, or a value is of the wrong kind.
    """
    return place.group(value, McpSettings, _READERS)


def _tools(place: Place, value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(action), place.at(action).text(tool)) for action, tool in place.mapping(value).items())


def _arguments(place: Place, value: Any) -> tuple[tuple[str, Arguments], ...]:
    return tuple(
        (
            str(action),
            tuple(
                (str(name), _source(place.at(action, name), source))
                for name, source in place.at(action).mapping(sources).items()
            ),
        )
        for action, sources in place.mapping(value).items()
    )


def _source(place: Place, value: Any) -> Source:
    try:
        return Source.parse(value)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{place} is {error}") from None


def _slots(place: Place, value: Any) -> tuple[tuple[str, Pointers], ...]:
    return tuple(
        (
            str(action),
            tuple(
                (str(slot), _pointer(place.at(action, slot), pointer))
                for slot, pointer in place.at(action).mapping(pointers).items()
            ),
        )
        for action, pointers in place.mapping(value).items()
    )


def _pointer(place: Place, value: Any) -> str:
    if value != "" and not place.text(value).startswith("/"):
        raise ConfigurationError(f"{place} is not a JSON Pointer: write for example /total, or '' for all")
    return str(value)


def _env(place: Place, value: Any) -> tuple[tuple[str, Secret], ...]:
    return tuple(
        (place.text(name), read_secret(place.at(name), content))
        for name, content in place.mapping(value).items()
    )


def _protocol(place: Place, value: Any) -> str:
    return place.one_of(str(value), PROTOCOLS)


_READERS: dict[str, Callable[[Place, Any], Any]] = {
    "tools": _tools,
    "arguments": _arguments,
    "slots": _slots,
    "turn": Place.boolean,
    "protocol": _protocol,
    "cwd": Place.file,
    "env": _env,
}
