"""A string that must not be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_actions.config.checking import Place


class Secret:
    """A password, token or key: equal by value, hidden in every text that shows it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value, for the one place that uses it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        """Compare values."""
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        """Hash the value, so that settings can be looked up."""
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        """Hide the value."""
        return "Secret('***')"

    __str__ = __repr__


def read_secret(place: Place, value: Any) -> Secret:
    """Read a setting that is a secret.

    Raises:
        ConfigurationError: It is not a line of text.
    """
    return value if isinstance(value, Secret) else Secret(place.text(value))
