"""Finding the Application in a folder, a file or a module."""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.application.app import Application
from mm_actions.core.importing import imported, is_missing, see_neighbours, spec_of
from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from types import ModuleType


def load_app(place: str | Path) -> Application:
    """Load an application.

    A folder or a file is loaded afresh each time. Its module has the name of the folder or file; where that
    name is another module's already, letters are added to it.

    Args:
        place: A folder with ``__init__.py`` (MindMeld's layout) or ``app.py``; a Python file; or the dotted
            name of a module.

    Raises:
        ConfigurationError: There is no such place, or no Application called ``app`` in it.
    """
    path = Path(place)
    for module in _modules_at(path.resolve()) if path.exists() else [_module_named(str(place))]:
        app = getattr(module, "app", None)
        if isinstance(app, Application):
            return app
    raise ConfigurationError(
        f"{place} has no Application called `app`: write app = Application(__name__) in it"
    )


def _module_named(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not is_missing(name, error):
            raise
        raise ConfigurationError(f"there is no file, folder or module {name!r}") from error


def _modules_at(path: Path) -> list[ModuleType]:
    package, single = path / "__init__.py", path / "app.py"
    if path.is_file():
        return [_loaded(path.stem, path)]
    if package.is_file():
        loaded = _loaded(path.name, package, folder=path)
        if isinstance(getattr(loaded, "app", None), Application) or not single.is_file():
            return [loaded]
        return [importlib.import_module(f"{loaded.__name__}.app")]
    if single.is_file():
        return [_loaded("app", single)]
    raise ConfigurationError(f"{path} has neither __init__.py nor app.py")


def _loaded(name: str, file: Path, folder: Path | None = None) -> ModuleType:
    """Import a file under a name of its own; a package with its folder, so that relative imports work."""
    if folder is None:
        see_neighbours(file)
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) != str(file):
        name = f"{name}_{hashlib.blake2b(str(file).encode(), digest_size=4).hexdigest()}"
    return imported(spec_of(name, file, folder))
