"""Finding the Application in a folder, a file or a module."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.application.app import Application
from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from types import ModuleType


def load_app(place: str | Path) -> Application:
    """Load an application.

    Args:
        place: A folder with ``__init__.py`` (MindMeld's layout), ``app.py`` or ``__main__.py``; a Python
            file; or the dotted name of a module.

    Raises:
        ConfigurationError: There is no such place, or no Application called ``app`` in it.
    """
    module = _module_at(Path(place)) if Path(place).exists() else _module_named(str(place))
    app = getattr(module, "app", None)
    if not isinstance(app, Application):
        raise ConfigurationError(
            f"{place} has no Application called `app`: write app = Application(__name__) in it"
        )
    return app


def _module_named(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise ConfigurationError(f"there is no file, folder or module {name!r}") from error


def _module_at(path: Path) -> ModuleType:
    path = path.resolve()
    if path.is_file():
        return _loaded(path.stem, path, None)
    for file in ("__init__.py", "app.py"):
        if (path / file).is_file():
            return _loaded(path.name, path / file, path if file == "__init__.py" else None)
    raise ConfigurationError(f"{path} has neither __init__.py nor app.py")


def _loaded(name: str, file: Path, package: Path | None) -> ModuleType:
    """Import a file; a package under the name it would have from its parent folder."""
    if str(file.parent) not in sys.path and package is None:
        sys.path.insert(0, str(file.parent))
    locations = None if package is None else [str(package)]
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=locations)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{file} cannot be imported: it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
