"""Settings from a MindMeld dict, a YAML file or the environment: one reader for all three."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeAlias

from mm_actions.config.checking import Place
from mm_actions.config.server import server_settings
from mm_actions.config.settings import Config, ServerSettings
from mm_actions.errors import ConfigurationError

ConfigSource: TypeAlias = "Mapping[str, Any] | str | Path | Config | ServerSettings"

DEFAULT_SERVER = "default"
PREFIX = "MM_ACTIONS_"
_OWN_KEYS = ("servers", "actions", "default")
_VARIABLE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")


def load_config(source: ConfigSource, *, environ: Mapping[str, str] = os.environ) -> Config:
    """Read settings.

    Args:
        source: A dict with MindMeld's keys and ours, the path of a YAML file with the same keys, or
            settings that were read before.
        environ: Where ``${NAME}`` and ``${NAME:-default}`` in values are looked up.

    Raises:
        ConfigurationError: A key is not known, a value is of the wrong kind, a variable is not set, or a file
            cannot be read. The message names the place, and the nearest key.
    """
    if isinstance(source, Config):
        return source
    if isinstance(source, ServerSettings):
        return Config(servers={DEFAULT_SERVER: source}, default=DEFAULT_SERVER, timeout=source.timeout)
    if isinstance(source, (str, Path)):
        return _from_file(Path(source), environ)
    if isinstance(source, Mapping):
        return _from_mapping(Place("config"), source, environ)
    raise ConfigurationError(
        f"config is {type(source).__name__}, not a dict, a path or settings. "
        'Write for example {"url": "http://localhost:8080/action"}'
    )


def with_environment(
    source: ConfigSource | None, *, environ: Mapping[str, str] = os.environ
) -> Config | None:
    """Read settings, with ``MM_ACTIONS_*`` variables before them, key by key.

    ``MM_ACTIONS_CONFIG`` names a YAML file, which takes the place of ``source``; ``MM_ACTIONS_URL``,
    ``MM_ACTIONS_TIMEOUT`` and so on are keys; ``__`` goes one level down: ``MM_ACTIONS_SERVERS__JAVA__URL``.

    Args:
        source: As for :func:`load_config`; None for the environment alone.
        environ: The variables.

    Returns:
        The settings; None when there are neither.

    Raises:
        ConfigurationError: As :func:`load_config`.
    """
    variables = {name[len(PREFIX) :]: value for name, value in environ.items() if name.startswith(PREFIX)}
    source = variables.pop("CONFIG", source)
    if not variables:
        return None if source is None else load_config(source, environ=environ)
    if isinstance(source, (Config, ServerSettings)):
        return load_config(source)
    file: Path | None = None
    if isinstance(source, (str, Path)):
        file = Path(source)
        tree = _read_yaml(file)
    else:
        tree = {key: value if key == "engine" else deepcopy(value) for key, value in (source or {}).items()}
    for name in sorted(variables):
        *parents, leaf = (part.lower() for part in name.split("__"))
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
            if not isinstance(branch, dict):
                raise ConfigurationError(f"{PREFIX}{name} goes below a value that is not a group of keys")
        branch[leaf] = variables[name]
    origin = "config" if source else ""
    place = Place(
        " and ".join(filter(None, (str(file) if file else origin, f"{PREFIX}*"))), file and file.parent
    )
    return _from_mapping(place, tree, environ)


def _from_file(path: Path, environ: Mapping[str, str]) -> Config:
    return _from_mapping(Place(str(path), path.parent), _read_yaml(path), environ)


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - a dict in code needs no YAML reader

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}") from error
    if not isinstance(tree, dict):
        raise ConfigurationError(
            f"{path} holds no settings; write at least `url: http://localhost:8080/action`"
        )
    return tree


def _from_mapping(place: Place, source: Mapping[str, Any], environ: Mapping[str, str]) -> Config:
    tree = {
        key: value if key == "engine" else _expanded(place.at(key), value, environ)
        for key, value in source.items()
    }
    shared = {key: value for key, value in tree.items() if key not in _OWN_KEYS and key != "url"}
    servers = {
        name: server_settings(place.at("servers", name), {**shared, **place.at("servers", name).mapping(own)})
        for name, own in place.at("servers").mapping(tree.get("servers") or {}).items()
    }
    if tree.get("url"):
        if DEFAULT_SERVER in servers:
            raise ConfigurationError(
                f"{place} has both `url` and a server called {DEFAULT_SERVER!r}: keep one"
            )
        servers[DEFAULT_SERVER] = server_settings(place, {"url": tree["url"], **shared})
    elif servers:
        place.known(shared)
    if not servers:
        raise ConfigurationError(f"{place} names no server: add `url`, such as http://localhost:8080/action")
    actions = {
        name: place.at("actions", name).one_of(server, servers)
        for name, server in place.at("actions").mapping(tree.get("actions") or {}).items()
    }
    default = tree.get("default")
    if default is not None:
        default = place.at("default").one_of(default, servers)
    elif DEFAULT_SERVER in servers:
        default = DEFAULT_SERVER
    elif len(servers) == 1:
        default = next(iter(servers))
    timeout = (
        place.at("timeout").seconds(tree["timeout"])
        if tree.get("timeout") is not None
        else max(server.timeout for server in servers.values())
    )
    return Config(servers=servers, actions=actions, default=default, timeout=timeout, source=str(place))


def _expanded(place: Place, value: Any, environ: Mapping[str, str]) -> Any:
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
            key: item if key == "engine" else _expanded(place.at(str(key)), item, environ)
            for key, item in value.items()
        }
    return value
