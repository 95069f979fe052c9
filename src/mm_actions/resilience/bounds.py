"""Figures that a setting may take, checked where the setting is made."""

from __future__ import annotations

from mm_actions.errors import ConfigurationError


def check_bounds(owner: object, **bounds: tuple[float, float]) -> None:
    """Refuse a setting that lies outside what its mechanism can work with; NaN lies outside of everything.

    Args:
        owner: The settings; each keyword names one of its fields.
        **bounds: The least and the greatest allowed value.

    Raises:
        ConfigurationError: Naming the first field that does not fit.
    """
    for name, (least, greatest) in bounds.items():
        value = getattr(owner, name)
        if not least <= value <= greatest:
            raise ConfigurationError(
                f"{type(owner).__name__}.{name} is {value!r}: write a figure from {least} to {greatest}"
            )
