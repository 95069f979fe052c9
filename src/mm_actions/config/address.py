"""The url of a server: its scheme says by which way the server's actions are reached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from mm_actions.config.checking import Place

HTTP = ("http", "https")
RASA = ("rasa+http", "rasa+https")
GRPC = ("grpc", "grpcs")
PYTHON = "python"
MCP = ("mcp+http", "mcp+https")
MCP_STDIO = "mcp+stdio"
SAMPLES = {
    "http": "http://localhost:8080/action",
    "https": "https://localhost:8443/action",
    "rasa+http": "rasa+http://localhost:5055/webhook",
    "rasa+https": "rasa+https://localhost:5055/webhook",
    "grpc": "grpc://localhost:5055",
    "grpcs": "grpcs://localhost:5055",
    PYTHON: "python:my_actions",
    "mcp+http": "mcp+http://localhost:8080/mcp",
    "mcp+https": "mcp+https://localhost:8443/mcp",
    MCP_STDIO: "mcp+stdio:my-server --option",
}
"""A url of each scheme."""


DEFAULT_PORTS = {"http": 80, "https": 443, "grpc": 5055, "grpcs": 5055}
"""The port where a url names none, by what the scheme ends in; 5055 is where Rasa's servers listen."""


def default_port(url: str) -> int | None:
    """Give the port of a url that names none; None where its scheme knows no ports."""
    return DEFAULT_PORTS.get(scheme_of(url).rpartition("+")[2])


def scheme_of(url: str) -> str:
    """Give the scheme in lower case; empty where there is none."""
    scheme, colon, _ = url.partition(":")
    return scheme.lower() if colon else ""


def read_url(place: Place, value: Any) -> str:
    """Read the url of a server.

    Raises:
        ConfigurationError: It is not one, or of no scheme that is known.
    """
    url = place.text(value)
    scheme = scheme_of(url)
    if scheme == PYTHON:
        return _python(place, url)
    if scheme == MCP_STDIO:
        if not url.partition(":")[2].strip():
            raise ConfigurationError(f"{place} names no command: write for example {SAMPLES[MCP_STDIO]}")
        return url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{place} is not a URL: {error}") from None
    if parts.scheme not in SAMPLES or not parts.hostname:
        raise ConfigurationError(
            f"{place} needs a scheme ({', '.join(SAMPLES)}) and a host, such as {SAMPLES['http']}"
        )
    if port == 0:
        raise ConfigurationError(f"{place} has port 0, which nothing listens on")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            f"{place} holds a password: write `auth: {{basic: {{username, password}}}}` instead"
        )
    if any(mark.isspace() for mark in url):
        raise ConfigurationError(f"{place} holds white space")
    return url


def _python(place: Place, url: str) -> str:
    if not _MODULE.fullmatch(url.partition(":")[2]):
        raise ConfigurationError(
            f"{place} names no module: write for example {SAMPLES[PYTHON]}, or python:my_actions:server for "
            "the ActionServer of that name in it"
        )
    return url


_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*)?")
