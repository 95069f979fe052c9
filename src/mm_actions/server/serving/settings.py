"""What `mm-actions serve` is told: by options, the environment and a file, in this order."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mm_actions.config import Secret
from mm_actions.config.checking import Place
from mm_actions.config.tree import SERVING_PREFIX, expanded, overlay, read_yaml, variables_of
from mm_actions.errors import ConfigurationError
from mm_actions.server.keys.sqlite import SqliteKeys
from mm_actions.server.options import ServerOptions
from mm_actions.server.security import BasicUsers, BearerTokens, SignedBodies

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.server.action_server import ActionServer

FILE = "serve.yaml"
FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")
MOST_WORKERS = 256
_HIGHEST_PORT = 65_535
GRPC_PORT = 5055
"""Where Rasa assistants look for their actions, unless they are told otherwise."""
_SAMPLE = "port: 8080"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingSettings:
    """How a server of actions is run.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        http: Whether that port is opened at all; a server may be reached over gRPC alone.
        grpc_port: The port at which Rasa assistants are served over gRPC; None for none, 0 takes a free one.
        workers: Processes that share the port.
        tls_cert: PEM file of the certificate chain, to serve https.
        tls_key: PEM file of its private key.
        tls_key_password: Opens an encrypted key.
        client_ca: PEM file of the authorities that client certificates must come from (mutual TLS).
        bearer: Tokens, of which a caller must have one.
        hmac: Secrets, with one of which a request must be signed.
        basic: Names and passwords of users.
        keys: SQLite file in which answers are kept by ``Idempotency-Key``; it outlives the processes, and all
            of them share it.
        reload: Serve each new version of the module's code as it is saved.
        access_log: Write a line for each request.
        log_format: ``text`` or ``json``, on stderr.
        log_level: ``debug``, ``info``, ``warning`` or ``error``; the access log is of level ``info``.
        options: Settings of :class:`ServerOptions` by name; they go before those in the module's code.
        source: Where the settings were read, for messages.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    http: bool = True
    grpc_port: int | None = None
    workers: int = 1
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_key_password: Secret | None = None
    client_ca: str | None = None
    bearer: tuple[Secret, ...] = ()
    hmac: tuple[Secret, ...] = ()
    basic: tuple[tuple[str, Secret], ...] = ()
    keys: str | None = None
    reload: bool = False
    access_log: bool = True
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    options: Mapping[str, Any] = field(default_factory=dict)
    source: str = "the defaults"

    def apply(self, server: ActionServer) -> None:
        """Configure a server: what is set here goes before what its code says.

        Guards take the place of the code's guards of the same kind, and stand beside those of other kinds.

        Raises:
            ConfigurationError: A setting cannot work, or the server is in use already.
        """
        guards = [
            *([BearerTokens(*self.bearer)] if self.bearer else ()),
            *([SignedBodies(*self.hmac)] if self.hmac else ()),
            *([BasicUsers(dict(self.basic))] if self.basic else ()),
        ]
        kinds = tuple(type(guard) for guard in guards)
        kept = [guard for guard in server.options.guards if not isinstance(guard, kinds)]
        changes: dict[str, Any] = dict(self.options)
        if guards:
            changes["guards"] = (*kept, *guards)
        if self.keys is not None:
            if not Path(self.keys).parent.is_dir():
                raise ConfigurationError(f"{self.source}: keys: there is no folder {Path(self.keys).parent}")
            changes["keys"] = SqliteKeys(self.keys)
        try:
            server.configure(**changes)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.source}: {error}") from error


def serving_settings(
    path: Path | None = None,
    *,
    given: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ServingSettings:
    """Read settings: those given, before ``MM_ACTIONS_SERVE_*``, before a file.

    Args:
        path: A YAML file; None for that of ``MM_ACTIONS_SERVE_CONFIG``, or the serve.yaml in the working
            directory, if there is one.
        given: Settings that go before all others, by key.
        environ: The variables; ``${NAME}`` in values is looked up in them as well.

    Raises:
        ConfigurationError: A key is not known, a value is of the wrong kind, a variable is not set, or a file
            cannot be read. The message names the place, and the nearest key.
    """
    variables = variables_of(environ, SERVING_PREFIX)
    named = variables.pop("CONFIG", None)
    if path is None and named is not None:
        path = Path(named)
    elif path is None and Path(FILE).is_file():
        path = Path(FILE)
    tree: dict[str, Any] = {} if path is None else read_yaml(path, sample=_SAMPLE)
    overlay(tree, variables, SERVING_PREFIX)
    sources = [str(path)] if path is not None else []
    if variables:
        sources.append(f"{SERVING_PREFIX}*")
    if given:
        sources.append("the command's options")
    for key, value in (given or {}).items():
        _set(tree, key.split("."), value)
    place = Place(" and ".join(sources) or "the defaults", path and path.parent)
    return _read(place, expanded(place, tree, environ))


def _set(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    branch = tree
    for key in keys[:-1]:
        inner = branch.get(key)
        branch[key] = branch = dict(inner) if isinstance(inner, Mapping) else {}
    branch[keys[-1]] = value


def _read(place: Place, tree: Mapping[str, Any]) -> ServingSettings:
    place.known(tree, (*READERS, *OPTIONS))
    present = {key: value for key, value in tree.items() if value is not None}
    values = {key: READERS[key](place.at(key), value) for key, value in present.items() if key in READERS}
    options = {key: OPTIONS[key](place.at(key), value) for key, value in present.items() if key in OPTIONS}
    values.update(values.pop("auth", {}))
    if not values.pop("grpc", "grpc_port" in values):
        values.pop("grpc_port", None)
    else:
        values.setdefault("grpc_port", GRPC_PORT)
    password_file = values.pop("tls_key_password_file", None)
    if password_file is not None:
        if "tls_key_password" in values:
            raise ConfigurationError(f"{place} has tls_key_password and tls_key_password_file: keep one")
        values["tls_key_password"] = password_file
    try:
        ServerOptions(**options)  # figures out of range are refused before anything is imported
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: {error}") from error
    settings = ServingSettings(**values, options=options, source=str(place))
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ConfigurationError(f"{place}: tls_cert and tls_key go together")
    if not settings.http and settings.grpc_port is None:
        raise ConfigurationError(f"{place}: without http there is nothing to serve; set grpc")
    if settings.tls_cert is None and (settings.client_ca or settings.tls_key_password):
        raise ConfigurationError(f"{place}: client_ca and tls_key_password need tls_cert and tls_key")
    return settings


def _secret(place: Place, value: Any) -> Secret:
    return Secret(place.text(value))


def _secrets(place: Place, value: Any) -> tuple[Secret, ...]:
    """Read one secret, a list of them, or a group in which each has a name for people."""
    if isinstance(value, Mapping):
        return tuple(_secret(place.at(name), item) for name, item in value.items())
    if isinstance(value, list):
        return tuple(_secret(place.at(str(position)), item) for position, item in enumerate(value))
    return (_secret(place, value),)


def _secrets_in(place: Place, value: Any) -> tuple[Secret, ...]:
    """Read a file with a secret on each line; empty lines and those that begin with # are passed over."""
    path = Path(place.file(value))
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{place}: {path} cannot be read: {reason}") from error
    secrets = tuple(Secret(line) for line in lines if line and not line.startswith("#"))
    if not secrets:
        raise ConfigurationError(f"{place}: {path} holds no secret; write one on a line of its own")
    return secrets


def _one_secret_in(place: Place, value: Any) -> Secret:
    return _secrets_in(place, value)[0]


def _auth(place: Place, value: Any) -> dict[str, Any]:
    groups = place.mapping(value)
    place.known(groups, AUTH)
    read: dict[str, tuple[Any, ...]] = {}
    for key, content in groups.items():
        if content is None:
            continue
        inner, kind = place.at(key), key.removesuffix("_file")
        if kind == "basic":
            users = inner.mapping(content)
            read[kind] = tuple((str(name), _secret(inner.at(name), word)) for name, word in users.items())
        else:
            found = _secrets(inner, content) if kind == key else _secrets_in(inner, content)
            read[kind] = (*read.get(kind, ()), *found)
    return read


def _paths(place: Place, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(place.text(each.strip()) for each in value.split(","))
    if isinstance(value, list):
        return tuple(place.at(str(position)).text(each) for position, each in enumerate(value))
    raise place.refuse(value, "a list of paths")


def _lower(names: tuple[str, ...]) -> Callable[[Place, Any], str]:
    return lambda place, value: place.one_of(value.lower() if isinstance(value, str) else value, names)


AUTH = ("bearer", "bearer_file", "hmac", "hmac_file", "basic")
READERS: dict[str, Callable[[Place, Any], Any]] = {
    "host": Place.text,
    "port": lambda place, value: place.count(value, most=_HIGHEST_PORT),
    "http": Place.boolean,
    "grpc": Place.boolean,
    "grpc_port": lambda place, value: place.count(value, most=_HIGHEST_PORT),
    "workers": lambda place, value: place.count(value, least=1, most=MOST_WORKERS),
    "tls_cert": Place.file,
    "tls_key": Place.file,
    "tls_key_password": _secret,
    "tls_key_password_file": _one_secret_in,
    "client_ca": Place.file,
    "auth": _auth,
    "keys": Place.file,
    "reload": Place.boolean,
    "access_log": Place.boolean,
    "log_format": _lower(FORMATS),
    "log_level": _lower(LEVELS),
}
_OF_TYPE: dict[str, Callable[[Place, Any], Any]] = {
    "int": Place.count,
    "float": Place.number,
    "bool": Place.boolean,
    "str": Place.text,
    "tuple[str, ...]": _paths,
}
OPTIONS: dict[str, Callable[[Place, Any], Any]] = {
    option.name: _OF_TYPE[str(option.type).partition(" | ")[0]]  # a choice of types is for code
    for option in fields(ServerOptions)
    if option.name not in {"guards", "keys"}  # objects in code; `auth` and `keys` here
}
