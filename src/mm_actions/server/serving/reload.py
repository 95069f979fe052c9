"""Noticing that code has been edited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable

_NAMED = 3
_DEBOUNCE_MS = 200


def changes_of(reference: str) -> Callable[[asyncio.Event], AsyncIterator[str]]:
    """Watch the Python files of the working directory, and of the folder of a module that is given as a file.

    Raises:
        ConfigurationError: watchfiles is not installed.
    """
    try:
        from watchfiles import PythonFilter, awatch  # noqa: PLC0415 - an extra
    except ImportError as missing:
        raise ConfigurationError("reloading needs watchfiles: pip install 'mm_actions[reload]'") from missing
    here = Path.cwd()
    folders = {here}
    place = reference.partition(":")[0]
    if place.endswith(".py") and not (folder := Path(place).absolute().parent).is_relative_to(here):
        folders.add(folder)

    async def changes(stopping: asyncio.Event) -> AsyncIterator[str]:
        watching = awatch(*folders, watch_filter=PythonFilter(), debounce=_DEBOUNCE_MS, stop_event=stopping)
        async for found in watching:
            names = sorted({Path(path).name for _, path in found})
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"{', '.join(names[:_NAMED])}{more} changed"

    return changes
