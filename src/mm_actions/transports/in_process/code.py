"""The module whose actions are run; in development, imported again when its files change."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.core.importing import tree_of
from mm_actions.errors import CustomActionException
from mm_actions.server.serving.loading import ModuleFailed, load_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from mm_actions.server.action_server import ActionServer

    Stamp = dict[str, tuple[int, int]]

logger = logging.getLogger("mm_actions.server")

_NAMED = 3


class Code:
    """A module, and what it offers.

    What belongs to it, and is imported again with it, are the modules below it, and those that it was the
    first to import from its own folder: ``python:shop.actions`` has ``shop/actions/*`` and, where nobody else
    had asked for it before, ``shop/prices.py``.

    Args:
        reference: The module's dotted name; after a colon the name of the ActionServer in it.
        reload: Whether its files are looked at again before each call.

    Raises:
        ConfigurationError: There is no such module, or it cannot be imported; the cause is its own exception.
        RegistrationError: Its actions cannot be registered.
    """

    def __init__(self, reference: str, *, reload: bool) -> None:
        self._reference = reference
        self._place = reference.partition(":")[0]
        self._reload = reload
        self._folder: Path | None = None
        self.server = self._load()
        self._seen = self._look() if reload else {}
        self._changing = threading.Lock()

    def renewed(self) -> ActionServer | None:
        """Give the server of the files as they are now, if they have changed, and are sound.

        If they are not, the version before goes on, and the log says why, once.
        """
        if not self._reload:
            return None
        with self._changing:
            now = self._look()
            if now == self._seen:
                return None
            changed = sorted({Path(file).name for file, _ in self._seen.items() ^ now.items()})
            self._seen = now
            return self._again(_listed(changed))

    def forget_parent(self) -> None:
        """Begin anew, in a forked child: another thread of the parent may have been at work."""
        self._changing = threading.Lock()

    def _again(self, changed: str) -> ActionServer | None:
        """Import what belongs to the module afresh, or put everything back as it was."""
        before = self._own_modules()
        for name, module in before.items():
            sys.modules.pop(name, None)
            _drop_bytecode(module)
        importlib.invalidate_caches()
        try:
            self.server = self._load()
        except BaseException as error:
            for name in (*self._own_modules(), *before):
                sys.modules.pop(name, None)
            sys.modules.update(before)
            if not isinstance(error, CustomActionException):
                raise
            why = f"{error}\n{error.traceback}" if isinstance(error, ModuleFailed) else error
            logger.error("%s changed, but the version before goes on: %s", changed, why)  # noqa: TRY400 - its own frames are shown, not ours
            return None
        names = ", ".join(action.name for action in self.server.registry)
        logger.info("%s changed: %s has %s", changed, self._reference, names)
        return self.server

    def _load(self) -> ActionServer:
        before = set(sys.modules)
        try:
            return load_server(self._reference)
        finally:
            if file := getattr(sys.modules.get(self._place), "__file__", None):
                self._folder = Path(file).absolute().parent
            brought = _brought.setdefault(self._place, set())
            brought |= {name for name in set(sys.modules) - before if self._is_beside(name)}

    def _own_modules(self) -> dict[str, ModuleType]:
        names = _brought.get(self._place, set())
        beside = {name: sys.modules[name] for name in names if name in sys.modules}
        return beside | tree_of(self._place)

    def _is_beside(self, name: str) -> bool:
        """Tell whether a module lies in the folder of this one, or in a folder below it."""
        file = getattr(sys.modules.get(name), "__file__", None)
        if self._folder is None or file is None or name.partition(".")[0] == "mm_actions":
            return False
        path = Path(file).absolute()
        within = path.is_relative_to(self._folder)
        return within and "site-packages" not in path.relative_to(self._folder).parts

    def _look(self) -> Stamp:
        """Take down all files that matter, with what tells one version of a file from another."""
        found: Stamp = {}
        for file in self._files():
            with suppress(OSError):  # it went meanwhile
                status = os.stat(file)  # noqa: PTH116 - half the time of a Path's
                found[file] = (status.st_mtime_ns, status.st_size)
        return found

    def _files(self) -> Iterator[str]:
        for module in self._own_modules().values():
            if file := getattr(module, "__file__", None):
                yield str(Path(file).absolute())
        if (folder := self._folder) is None:
            return
        # A file that was not imported yet may be what the last import failed for.
        package = hasattr(sys.modules.get(self._place), "__path__")
        for file in folder.rglob("*.py") if package else folder.glob("*.py"):
            yield str(file)


def _drop_bytecode(module: ModuleType) -> None:
    """Have the source read: bytecode counts as current if size and second of the last change are the same."""
    file = getattr(module, "__file__", None)
    if file is not None and file.endswith(".py"):
        with suppress(OSError, NotImplementedError):
            Path(importlib.util.cache_from_source(file)).unlink(missing_ok=True)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


_brought: dict[str, set[str]] = {}
"""The modules that a module was the first to import, by its name: whoever asks next finds them imported."""
