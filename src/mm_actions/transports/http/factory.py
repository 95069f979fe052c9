"""Makes the engine that a setting names."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from mm_actions.transports.http.engine import Engine, EngineOptions

_ROOM = "mm_actions.transports.http"
_ENGINES = {
    # name: (library, module, class)
    "curl": ("pycurl", f"{_ROOM}.curl.engine", "CurlEngine"),
    "requests": ("requests", f"{_ROOM}.requests.engine", "RequestsEngine"),
    "aiohttp": ("aiohttp", f"{_ROOM}.aiohttp.engine", "AiohttpEngine"),
}


def create_engine(engine: Any, options: EngineOptions) -> Engine:
    """Make an engine.

    Args:
        engine: ``"curl"``, ``"requests"`` or ``"aiohttp"``; a ``requests.Session`` or an
            ``aiohttp.ClientSession`` to send with; or an engine, which is used as it is.
        options: For an engine that is made.

    Raises:
        ConfigurationError: There is no such engine, or its library is not installed.
    """
    if isinstance(engine, str):
        return _make(engine, options)
    name = _library_of(engine)
    if name is not None:
        return _make(name, options, engine)
    if all(callable(getattr(engine, method, None)) for method in ("send", "send_async", "close")):
        made: Engine = engine
        return made
    raise ConfigurationError(
        f"an engine is 'curl', 'requests', 'aiohttp', a session of requests or aiohttp, or an object with "
        f"send, send_async and close; not {type(engine).__name__}"
    )


def _make(name: str, options: EngineOptions, *session: Any) -> Engine:
    if name not in _ENGINES:
        raise ConfigurationError(f"there is no engine {name!r}; write one of {', '.join(_ENGINES)}")
    library, module, class_name = _ENGINES[name]
    try:
        importlib.import_module(library)
    except ImportError as error:
        extra = "mm_actions" if name == "curl" else f"mm_actions[{name}]"
        raise ConfigurationError(
            f'engine={name!r} needs {library}, which cannot be imported ({error}); pip install "{extra}"'
        ) from error
    made: Engine = getattr(importlib.import_module(module), class_name)(options, *session)
    return made


def _library_of(session: Any) -> str | None:
    """Recognise a session by its class, without importing a library that may not be there."""
    for ancestor in type(session).__mro__:
        library = ancestor.__module__.partition(".")[0]
        if (library, ancestor.__name__) in {("requests", "Session"), ("aiohttp", "ClientSession")}:
            return library
    return None
