"""What an application's folder says: MindMeld's config.py, or an actions.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

CONFIG_MODULE = "config.py"
CONFIG_NAME = "CUSTOM_ACTION_CONFIG"
HISTORY_NAME = "MAX_HISTORY_LEN"
CONFIG_FILE = "actions.yaml"
MAX_HISTORY = 100
"""Turns of history that are kept where config.py does not say, as in MindMeld."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """What an application says of itself.

    Attributes:
        custom_action_config: ``CUSTOM_ACTION_CONFIG`` of its config.py, or the path of its actions.yaml.
        max_history: Turns of history that are kept.
    """

    custom_action_config: dict[str, Any] | str | None = None
    max_history: int = MAX_HISTORY


def read_declarations(app_path: Path | None) -> Declarations:
    """Read an application's own files.

    Args:
        app_path: The application's folder; None when it has none.

    Raises:
        ConfigurationError: Both files declare servers, or a value is of the wrong kind.
        SyntaxError: And whatever else config.py raises, as it is.
    """
    if app_path is None:
        return Declarations()
    module, file = app_path / CONFIG_MODULE, app_path / CONFIG_FILE
    loaded = _loaded(module) if module.is_file() else None
    declared = getattr(loaded, CONFIG_NAME, None)
    history = getattr(loaded, HISTORY_NAME, None) or MAX_HISTORY
    if not isinstance(history, int) or isinstance(history, bool) or history < 0:
        raise ConfigurationError(f"{HISTORY_NAME} in {module} is {history!r}: write a number of turns")
    if file.is_file():
        if declared:
            raise ConfigurationError(f"both {module} ({CONFIG_NAME}) and {file} declare servers: keep one")
        declared = str(file)
    return Declarations(custom_action_config=declared, max_history=history)


def declared_config(app_path: Path | None) -> dict[str, Any] | str | None:
    """Find where an application's actions live, as :func:`read_declarations`."""
    return read_declarations(app_path).custom_action_config


def _loaded(path: Path) -> ModuleType:
    """Run a file as a module that is in nobody's way: every application has its own config.py."""
    loader = SourceFileLoader("_mm_actions_app_config", str(path))
    module = ModuleType(loader.name)
    module.__file__ = str(path)
    loader.exec_module(module)
    return module
