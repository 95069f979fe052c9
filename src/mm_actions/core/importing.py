"""Importing what a user names: a module's dotted name, or a file that may be imported again."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import ModuleType


def is_missing(name: str, error: ModuleNotFoundError) -> bool:
    """Tell whether it is the named module itself that is not there, and not one that it needs."""
    return error.name is not None and (name == error.name or name.startswith(f"{error.name}."))


def spec_of(name: str, file: Path, folder: Path | None = None) -> ModuleSpec:
    """Describe a file as a module; with its folder as a package, so that relative imports work.

    Raises:
        ConfigurationError: It is not a Python file.
    """
    spec = importlib.util.spec_from_file_location(
        name, file, submodule_search_locations=None if folder is None else [str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{file} cannot be imported: it is not a Python file")
    return spec


def imported(spec: ModuleSpec) -> ModuleType:
    """Import a module afresh, under its name; what it raises leaves nothing of it behind."""
    forget(spec.name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        assert spec.loader is not None  # noqa: S101 - spec_of looked
        spec.loader.exec_module(module)
    except BaseException:
        forget(spec.name)
        raise
    return module


def see_neighbours(file: Path) -> None:
    """Let the files beside a file be imported, as ``python file`` does."""
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))


def tree_of(name: str) -> dict[str, ModuleType]:
    """Give the modules that are imported of a name and below it."""
    return {each: module for each, module in list(sys.modules.items()) if f"{each}.".startswith(f"{name}.")}


def forget(name: str) -> None:
    """Have a module, and what is below it, imported again when somebody next asks for it."""
    for each in tree_of(name):
        sys.modules.pop(each, None)
