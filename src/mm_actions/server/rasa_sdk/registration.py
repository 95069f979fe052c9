"""Puts actions of rasa_sdk among those of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_actions.dialects.rasa.domain import load_domain
from mm_actions.errors import ConfigurationError, RegistrationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike
    from types import ModuleType

    from mm_actions.server.action_server import ActionServer
    from mm_actions.server.rasa_sdk.finding import Found


def register(
    server: ActionServer, module: ModuleType | str, domain: str | PathLike[str] | None = None
) -> list[str]:
    """Register every action of a module, or of a package with all that is in it.

    Args:
        server: Where.
        module: An imported module, its dotted name, or the path of a Python file.
        domain: The assistant's domain, a YAML file: for calls that do not bring one, as those of Rasa do.

    Returns:
        The names, in the order of their registration.

    Raises:
        ConfigurationError: There is no such module, or its own code failed; or there is no such domain.
        RegistrationError: An action cannot be made, or two have one name; then none of them is registered.
    """
    _check_library()
    from mm_actions.server.rasa_sdk.finding import find  # noqa: PLC0415 - rasa_sdk is an extra

    return _add(server, find(module), domain)


def register_function(
    server: ActionServer,
    name: str,
    function: Callable[..., Any],
    domain: str | PathLike[str] | None = None,
) -> None:
    """Register a function of ``(dispatcher, tracker, domain)``; the arguments are those of :func:`register`.

    Raises:
        RegistrationError: It takes something else, or the name is taken.
    """
    _check_library()
    from mm_actions.server.rasa_sdk.finding import checked, source_of  # noqa: PLC0415 - rasa_sdk is an extra

    _add(server, [checked(name, function, source_of(function))], domain)


def _add(server: ActionServer, found: Iterable[Found], domain: str | PathLike[str] | None) -> list[str]:
    from mm_actions.server.rasa_sdk.adapter import adapt  # noqa: PLC0415 - rasa_sdk is an extra
    from mm_actions.server.rasa_sdk.finding import source_of  # noqa: PLC0415 - rasa_sdk is an extra

    # An action of Rasa's sees by an empty domain that it was sent none.
    known = {} if domain is None else load_domain(domain).content
    taken = {action.name: source_of(action.handler) for action in server.registry}
    actions = list(found)
    for one in actions:
        if one.name in taken:
            raise RegistrationError(
                f"two actions are called {one.name!r}: {taken[one.name]} and {one.source}; rename one, "
                "or make it abstract (abc.abstractmethod) if it is a base of the other"
            )
        taken[one.name] = one.source
    for one in actions:
        server.registry.add(
            adapt(one.name, one.run, source=one.source, domain=known), one.name, description=one.summary
        )
    return [one.name for one in actions]


def _check_library() -> None:
    """Load rasa_sdk.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        import rasa_sdk  # noqa: F401, PLC0415 - an extra
    except ImportError as missing:
        raise ConfigurationError(
            f"actions written for rasa_sdk need it, and it cannot be imported ({missing}): "
            "pip install 'mm_actions[rasa]'"
        ) from missing
