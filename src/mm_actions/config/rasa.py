"""What a Rasa action server is sent: the settings under ``rasa``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mm_actions.config.checking import Place
from mm_actions.config.secret import Secret, read_secret

if TYPE_CHECKING:
    from collections.abc import Callable

Part = Literal["events", "slots", "domain"]
PARTS: tuple[Part, ...] = ("events", "slots", "domain")


@dataclass(frozen=True, slots=True, kw_only=True)
class RasaSettings:
    """How the actions of a Rasa server are called, over HTTP or gRPC.

    Attributes:
        domain: The assistant's domain (a YAML file, or a folder of several); None where there is none.
        send: What of the tracker and the domain travels with a call.
        actions: The same for single actions, by name.
        selective_domain: Whether the domain travels only to the actions for which it says ``send_domain``.
        compress: Whether requests are deflated (HTTP), or gzipped (gRPC).
        params: Further query parameters of the url (HTTP).
        token: The query parameter by which some servers know their callers.
        token_name: The parameter's name.
    """

    domain: str | None = None
    send: tuple[Part, ...] = PARTS
    actions: tuple[tuple[str, tuple[Part, ...]], ...] = ()
    selective_domain: bool = False
    compress: bool = False
    params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    token: Secret | None = None
    token_name: str = "token"  # noqa: S105 - the name of a parameter


def rasa_settings(place: Place, value: Any) -> RasaSettings:
    """Read the group.

    Raises:
        ConfigurationError: A key is not known, or a value is of the wrong kind.
    """
    return place.group(value, RasaSettings, _READERS)


def _send(place: Place, value: Any) -> tuple[Part, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)):
        raise place.refuse(value, f"a list of {', '.join(PARTS)}")
    chosen = {place.one_of(name, PARTS) for name in names}
    return tuple(part for part in PARTS if part in chosen)


def _actions(place: Place, value: Any) -> tuple[tuple[str, tuple[Part, ...]], ...]:
    return tuple((name, _send(place.at(name), parts)) for name, parts in place.mapping(value).items())


def _params(place: Place, value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), _text(place.at(name), each)) for name, each in place.mapping(value).items())


def _text(place: Place, value: Any) -> str:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return place.text(str(value) if plain else value)


_READERS: dict[str, Callable[[Place, Any], Any]] = {
    "domain": Place.file,
    "send": _send,
    "actions": _actions,
    "selective_domain": Place.boolean,
    "compress": Place.boolean,
    "params": _params,
    "token": read_secret,
    "token_name": Place.text,
}
