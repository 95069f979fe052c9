"""The contract itself, `openapi/custom_action.yaml`, wherever the package is installed."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

NAME = "custom_action.yaml"


def text() -> str:
    """Give the contract as it is written, in YAML."""
    packed = files("mm_actions.contract") / NAME
    if packed.is_file():
        return packed.read_text("utf-8")
    # In a source tree the contract lies beside src, not within.
    return (Path(__file__).parents[3] / "openapi" / NAME).read_text("utf-8")


@cache
def contract() -> dict[str, Any]:
    """Give the contract as a value, which nobody may change; the first time takes a moment."""
    import yaml  # noqa: PLC0415 - most of those who read or write wire types never look at the contract

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(text(), loader)  # noqa: S506 - one of the two safe ones
    return loaded
