"""One server's settings, read key by key."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mm_actions.config import address
from mm_actions.config.address import read_url, scheme_of
from mm_actions.config.checking import Place
from mm_actions.config.in_process import python_settings
from mm_actions.config.mcp import mcp_settings
from mm_actions.config.rasa import rasa_settings
from mm_actions.config.secret import read_secret
from mm_actions.config.settings import BasicAuth, BearerAuth, HmacAuth, ServerSettings
from mm_actions.errors import ConfigurationError
from mm_actions.resilience import (
    BreakerPolicy,
    BudgetPolicy,
    BulkheadPolicy,
    ResilienceSettings,
    RetryPolicy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENGINES = ("curl", "requests", "aiohttp")
MOST_RETRIES = 10
_POLICIES: dict[str, type[Any]] = {
    "retry": RetryPolicy,
    "budget": BudgetPolicy,
    "breaker": BreakerPolicy,
    "bulkhead": BulkheadPolicy,
}


def server_settings(place: Place, source: Mapping[str, Any]) -> ServerSettings:
    """Read one server's settings from a group of keys; a key whose value is None counts as absent.

    Raises:
        ConfigurationError: As :func:`mm_actions.config.loading.load_config`.
    """
    place.known(source)
    given = {key: _READERS[key](place.at(key), value) for key, value in source.items() if value is not None}
    if "url" not in given:
        raise ConfigurationError(f"{place} has no `url`; write for example http://localhost:8080/action")
    settings = ServerSettings(**given)
    _check_room(place, settings)
    if settings.private_key and not settings.public_key:
        raise ConfigurationError(f"{place} has a private_key without its certificate: set public_key")
    if settings.private_key_password and not settings.public_key:
        raise ConfigurationError(f"{place} has a private_key_password without a key: set public_key")
    if settings.hedge_after is not None:
        if not settings.idempotent:
            raise ConfigurationError(
                f"{place} has hedge_after, but no action of it carries a key that lets it run once: "
                "set idempotent if the server honours Idempotency-Key"
            )
        if settings.hedge_after >= settings.timeout:
            raise ConfigurationError(f"{place} has a hedge_after that is not shorter than its timeout")
    if settings.crl and not settings.verify:
        raise ConfigurationError(f"{place} has a crl beside verify: false, which looks at no certificate")
    if not isinstance(settings.engine, str):
        for key in ("cert", "crl", "public_key", "proxy"):
            if getattr(settings, key) is not None:
                raise ConfigurationError(
                    f"{place} has {key} beside a session of your own: set it on the session"
                )
    if not settings.verify and not settings.insecure_dev:
        raise ConfigurationError(
            f"{place} has verify: false, which lets anyone pose as the server. Set `cert` to your "
            "authority's file; for a throw-away development set-up say `insecure_dev: true` as well"
        )
    return settings


def _check_room(place: Place, settings: ServerSettings) -> None:
    """Refuse settings of another way to reach actions than that of the url."""
    scheme = scheme_of(settings.url)
    for group, schemes in _GROUPS.items():
        if getattr(settings, group) is not None and scheme not in schemes:
            raise ConfigurationError(
                f"{place} has the group {group}, which is for urls that begin with {' or '.join(schemes)}"
            )


def _headers(place: Place, value: Any) -> tuple[tuple[str, str], ...]:
    headers = []
    for name, content in place.mapping(value).items():
        if (
            not isinstance(name, str)
            or not name
            or not all(mark.isalnum() or mark in _TOKEN for mark in name)
        ):
            raise ConfigurationError(f"{place} has {name!r}, which is not the name of a header")
        if name.lower() in _RESERVED:
            raise ConfigurationError(f"{place} sets {name}, which the gateway sets itself")
        headers.append((name, place.at(name).text(content)))
    return tuple(headers)


def _auth(place: Place, value: Any) -> BearerAuth | BasicAuth | HmacAuth:
    if isinstance(value, (BearerAuth, BasicAuth, HmacAuth)):
        return value
    kinds = place.mapping(value)
    place.known(kinds, ("bearer", "basic", "hmac"))
    if len(kinds) != 1:
        raise ConfigurationError(f"{place} wants exactly one of bearer, basic, hmac")
    kind, content = next(iter(kinds.items()))
    inner = place.at(kind)
    if kind == "bearer":
        return BearerAuth(token=read_secret(inner, content))
    if kind == "hmac":
        return HmacAuth(secret=read_secret(inner, content))
    members = inner.mapping(content)
    inner.known(members, ("username", "password"))
    return BasicAuth(
        username=inner.at("username").text(members.get("username")),
        password=read_secret(inner.at("password"), members.get("password")),
    )


def _resilience(place: Place, value: Any) -> ResilienceSettings:
    if isinstance(value, ResilienceSettings):
        return value
    groups = place.mapping(value)
    place.known(groups, _POLICIES)
    read = {}
    for name, figures in groups.items():
        inner, policy = place.at(name), _POLICIES[name]
        kinds = {each.name: each.type for each in fields(policy) if (name, each.name) != ("retry", "retries")}
        inner.known(inner.mapping(figures), kinds)
        try:
            read[name] = policy(
                **{
                    key: inner.at(key).count(figure) if kinds[key] == "int" else inner.at(key).number(figure)
                    for key, figure in figures.items()
                }
            )
        except ConfigurationError as error:
            raise ConfigurationError(f"{inner}: {error}") from error
    return ResilienceSettings(**read)


def _idempotent(place: Place, value: Any) -> bool | tuple[str, ...]:
    if isinstance(value, (list, tuple)):
        return tuple(place.at(str(position)).text(name) for position, name in enumerate(value))
    try:
        return place.boolean(value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}, nor a list of actions") from None


def _history(place: Place, value: Any) -> int | None:
    if value in ("all", "none"):
        return None if value == "all" else 0
    return place.count(value)


def _engine(place: Place, value: Any) -> Any:
    return place.one_of(value, ENGINES) if isinstance(value, str) else value


_TOKEN = "!#$%&'*+-.^_`|~"  # noqa: S105 - RFC 9110 calls the marks of a header's name a token
_RESERVED = (
    "content-type",
    "content-length",
    "transfer-encoding",
    "host",
    "connection",
    "expect",
    "accept-encoding",
)
_READERS: dict[str, Callable[[Place, Any], Any]] = {
    "url": read_url,
    "cert": Place.file,
    "crl": Place.file,
    "public_key": Place.file,
    "private_key": Place.file,
    "private_key_password": read_secret,
    "verify": Place.boolean,
    "insecure_dev": Place.boolean,
    "timeout": Place.seconds,
    "connect_timeout": Place.seconds,
    "hedge_after": Place.seconds,
    "retries": lambda place, value: place.count(value, most=MOST_RETRIES),
    "idempotent": _idempotent,
    "headers": _headers,
    "auth": _auth,
    "history": _history,
    "engine": _engine,
    "strict": Place.boolean,
    "resilience": _resilience,
    "max_response_bytes": lambda place, value: place.count(value, least=1),
    "proxy": Place.text,
    "rasa": rasa_settings,
    "mcp": mcp_settings,
    "python": python_settings,
}
_GROUPS = {
    "rasa": (*address.RASA, *address.GRPC),
    "mcp": (*address.MCP, address.MCP_STDIO),
    "python": (address.PYTHON,),
}
