"""Keys and values before anybody asks what they mean: from a file, and from variables that go before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from mm_actions.config.checking import Place

PREFIX = "MM_ACTIONS_"
SERVING_PREFIX = "MM_ACTIONS_SERVE_"
"""What a server of actions is told; those who call one pass over it."""
_VARIABLE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")
_SAMPLE = "url: http://localhost:8080/action"


def read_yaml(path: Path, *, sample: str = _SAMPLE) -> dict[str, Any]:
    """Read a file.

    Args:
        path: The file.
        sample: The least that it might hold, for the message of an empty one.

    Raises:
        ConfigurationError: It cannot be read, or holds no group of keys.
    """
    import yaml  # noqa: PLC0415 - a dict in code needs no YAML reader

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}") from error
    if not isinstance(tree, dict):
        raise ConfigurationError(f"{path} holds no settings; write at least `{sample}`")
    return tree


def variables_of(environ: Mapping[str, str], prefix: str, *, but: str | None = None) -> dict[str, str]:
    """Give the variables that begin with a prefix, without it.

    Args:
        environ: All variables.
        prefix: The prefix.
        but: A longer prefix, whose variables are somebody else's.
    """
    return {
        name[len(prefix) :]: value
        for name, value in environ.items()
        if name.startswith(prefix) and not (but and name.startswith(but))
    }


def overlay(tree: MutableMapping[str, Any], variables: Mapping[str, str], prefix: str) -> None:
    """Set keys from variables; ``__`` goes one level down.

    Raises:
        ConfigurationError: One goes below a value that is no group.
    """
    for name in sorted(variables):
        *parents, leaf = (part.lower() for part in name.split("__"))
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
            if not isinstance(branch, dict):
                raise ConfigurationError(f"{prefix}{name} goes below a value that is not a group of keys")
        branch[leaf] = variables[name]


def expanded(place: Place, value: Any, environ: Mapping[str, str]) -> Any:
    """Put the values of variables in the place of ``${NAME}``, in texts however deep.

    Raises:
        ConfigurationError: A variable is not set, and nothing is said in its stead.
    """
    if isinstance(value, str):

        def replace(match: re.Match[str]) -> str:
            name, otherwise = match.groups()
            if name is None:
                return "$"
            if name not in environ and otherwise is None:
                raise ConfigurationError(f"{place} needs the environment variable {name}, which is not set")
            return environ.get(name) or otherwise or ""

        return _VARIABLE.sub(replace, value)
    if isinstance(value, Mapping):
        return {
            key: item if key == "engine" else expanded(place.at(str(key)), item, environ)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [expanded(place.at(str(position)), item, environ) for position, item in enumerate(value)]
    return value
