"""The settings of an application's actions: MindMeld's config.py, an actions.yaml, the environment."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

CONFIG_MODULE = "config.py"
CONFIG_NAME = "CUSTOM_ACTION_CONFIG"
CONFIG_FILE = "actions.yaml"


def declared_config(app_path: Path | None) -> dict[str, Any] | str | None:
    """Find what the application itself says: ``CUSTOM_ACTION_CONFIG`` of its config.py, or its actions.yaml.

    Args:
        app_path: The application's folder.

    Returns:
        The dict, or the path of the file; None when there is neither.

    Raises:
        ConfigurationError: There are both.
        SyntaxError: And whatever else config.py raises, as it is.
    """
    if app_path is None:
        return None
    module, file = app_path / CONFIG_MODULE, app_path / CONFIG_FILE
    declared = _value_in(module) if module.is_file() else None
    if file.is_file():
        if declared:
            raise ConfigurationError(f"both {module} ({CONFIG_NAME}) and {file} declare servers: keep one")
        return str(file)
    return declared


def _value_in(module: Path) -> dict[str, Any] | None:
    spec = importlib.util.spec_from_file_location(f"_mm_actions_config_{abs(hash(str(module)))}", module)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{module} cannot be loaded")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    value: dict[str, Any] | None = getattr(loaded, CONFIG_NAME, None)
    return value
