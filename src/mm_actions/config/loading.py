"""Settings from a MindMeld dict, a YAML file or the environment: one reader for all three."""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeAlias

from mm_actions.config import endpoints
from mm_actions.config.checking import Place
from mm_actions.config.server import server_settings
from mm_actions.config.settings import Config, ServerSettings
from mm_actions.config.tree import PREFIX, SERVING_PREFIX, expanded, overlay, read_yaml, variables_of
from mm_actions.errors import ConfigurationError

ConfigSource: TypeAlias = "Mapping[str, Any] | str | Path | Config | ServerSettings"

DEFAULT_SERVER = "default"
_OWN_KEYS = ("servers", "actions", "default")


def load_config(source: ConfigSource, *, environ: Mapping[str, str] = os.environ) -> Config:
    """Read settings.

    Args:
        source: A dict with MindMeld's keys and ours, the path of a YAML file with the same keys or of Rasa's
            ``endpoints.yml``, or settings that were read before.
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
    variables = variables_of(environ, PREFIX, but=SERVING_PREFIX)
    source = variables.pop("CONFIG", source)
    if not variables:
        return None if source is None else load_config(source, environ=environ)
    if isinstance(source, (Config, ServerSettings)):
        return load_config(source)
    file: Path | None = None
    if isinstance(source, (str, Path)):
        file = Path(source)
        tree = read_yaml(file)
    else:
        tree = {key: value if key == "engine" else deepcopy(value) for key, value in (source or {}).items()}
    overlay(tree, variables, PREFIX)
    origin = "config" if source else ""
    place = Place(
        " and ".join(filter(None, (str(file) if file else origin, f"{PREFIX}*"))), file and file.parent
    )
    return _from_mapping(place, tree, environ)


def _from_file(path: Path, environ: Mapping[str, str]) -> Config:
    return _from_mapping(Place(str(path), path.parent), read_yaml(path), environ)


def _from_mapping(place: Place, source: Mapping[str, Any], environ: Mapping[str, str]) -> Config:
    if endpoints.SECTION in source:
        source = endpoints.relevant(source, _OWN_KEYS)
    tree = {
        key: value if key == "engine" else expanded(place.at(key), value, environ)
        for key, value in source.items()
    }
    if endpoints.SECTION in tree:
        tree = endpoints.own_keys(place, tree)
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
