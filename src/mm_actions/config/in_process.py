"""How actions are run in this process: the settings under ``python``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mm_actions.config.checking import Place

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonSettings:
    """How the actions of a module are run.

    Attributes:
        strict: Whether requests and answers go through the codec, as they would to a server: an action that
            counts on objects shared with the application then fails here too.
        reload: Whether the module is read again when its files change; for development.
    """

    strict: bool = False
    reload: bool = False


def python_settings(place: Place, value: Any) -> PythonSettings:
    """Read the group.

    Raises:
        ConfigurationError: A key is not known, or a value is of the wrong kind.
    """
    return place.group(value, PythonSettings, _READERS)


_READERS: dict[str, Callable[[Place, Any], Any]] = {"strict": Place.boolean, "reload": Place.boolean}
