"""The domain: what an assistant knows, which an action server is sent once and then names by its digest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import encode
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
    """Read a domain file.

    Args:
        path: A file of Rasa's YAML; None for a domain in which nothing is known.

    Raises:
        ConfigurationError: It cannot be read, or holds no domain.
    """
    if path is None:
        return MINIMAL
    import yaml  # noqa: PLC0415 - a call without a domain file needs no YAML reader

    path = Path(path)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _loader())  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigurationError(f"the domain {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the domain {path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"the domain {path} holds no domain; write at least `intents: []`")
    try:
        return domain_of(content)
    except EncodingFailed as error:
        raise ConfigurationError(f"the domain {path} cannot be sent: {error.cause}") from error


def _loader() -> Any:
    """Make a reader that, as Rasa's, takes ``yes`` and ``on`` for words: YAML 1.2."""
    import yaml  # noqa: PLC0415 - as above

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way to say it
            first: [each for each in resolvers if each[0] not in _ONLY_IN_1_1]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF")
    )
    return Loader


_ONLY_IN_1_1 = frozenset(("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"))
MINIMAL = domain_of({})
"""A domain in which nothing is known; it is not empty, for rasa_sdk takes an empty one for none."""
