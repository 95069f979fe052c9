"""The domain: what an assistant knows, which an action server is sent once and then names by its digest."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import encode
from mm_actions.dialects.rasa.domain_files import read_domain
from mm_actions.errors import ConfigurationError, EncodingFailed

if TYPE_CHECKING:
    from os import PathLike

_EMPTY: dict[str, Any] = {
    "config": {},
    "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
    "intents": [],
    "entities": [],
    "slots": {},
    "responses": {},
    "actions": [],
    "forms": {},
    "e2e_actions": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain.

    Attributes:
        content: As a call holds it.
        digest: SHA-256 of its canonical JSON, in hexadecimal.
    """

    content: dict[str, Any]
    digest: str


def domain_of(content: dict[str, Any]) -> Domain:
    """Complete a domain with the members that rasa_sdk looks for, and name it by its digest.

    Raises:
        EncodingFailed: It holds a value that JSON cannot carry.
    """
    whole = _EMPTY | {name: value for name, value in content.items() if value is not None}
    plain: dict[str, Any] = msgspec.json.decode(encode(whole))
    return Domain(content=plain, digest=sha256(msgspec.json.encode(plain, order="sorted")).hexdigest())


def load_domain(path: str | PathLike[str] | None) -> Domain:
    """Read a domain.

    Args:
        path: A file of Rasa's YAML or a folder of several; None for a domain in which nothing is known.

    Raises:
        ConfigurationError: It cannot be read, or holds no domain.
    """
    if path is None:
        return MINIMAL
    content = read_domain(path)
    try:
        return domain_of(content)
    except EncodingFailed as error:
        raise ConfigurationError(f"the domain {path} cannot be sent: {error.cause}") from error


MINIMAL = domain_of({})
"""A domain in which nothing is known; it is not empty, for rasa_sdk takes an empty one for none."""
