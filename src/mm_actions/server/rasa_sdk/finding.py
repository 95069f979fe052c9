"""The actions of a module or package that is written for rasa_sdk."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor

from mm_actions.errors import RegistrationError
from mm_actions.server.rasa_sdk.adapter import Adapted, theirs
from mm_actions.server.serving.loading import import_all, import_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

_GIVEN = 3
"""The arguments of whatever runs: dispatcher, tracker and domain."""


class Found(NamedTuple):
    """An action, and where it was written."""

    name: str
    run: Callable[..., Any]
    source: str
    summary: str | None


def find(module: ModuleType | str) -> list[Found]:
    """Import a module, and all of a package; give an instance of every action that is seen in there.

    An action counts where its class is a name of a module, or of a class in it: written there, or imported
    from elsewhere. So does what was registered with an ``ActionExecutor`` that is a name of a module.

    Raises:
        ConfigurationError: There is no such module.
        ModuleFailed: A module's own code failed.
        RegistrationError: A class cannot be made an action.
    """
    modules = list(import_all(import_module(module) if isinstance(module, str) else module))
    registered = [one for each in modules for one in _registered(each)]
    made = {type(getattr(one.run, "__self__", None)) for one in registered}
    kinds: dict[type, None] = {}
    for each in modules:
        kinds.update(dict.fromkeys(_classes(each, each.__name__)))
    return registered + [_made(kind) for kind in kinds if kind not in made]


def checked(name: object, run: Callable[..., Any], source: str) -> Found:
    """Take a function as an action.

    Raises:
        RegistrationError: It does not take what rasa_sdk gives.
    """
    try:
        inspect.signature(run).bind(*range(_GIVEN))
    except (TypeError, ValueError) as error:
        raise RegistrationError(
            f"{source} cannot run as an action: it must take (dispatcher, tracker, domain)"
        ) from error
    if not isinstance(name, str) or not name:
        raise RegistrationError(f"{source} has {name!r} for a name: name() must return a text")
    action = getattr(run, "__self__", None)
    documentation = (run if action is None else type(action)).__doc__
    summary = inspect.cleandoc(documentation).partition("\n")[0] if documentation else None
    return Found(name, run, source, summary or None)


def _registered(module: ModuleType) -> Iterator[Found]:
    for value in vars(module).values():
        if isinstance(value, ActionExecutor):
            for name, run in value.actions.items():
                yield checked(name, run, source_of(getattr(run, "__self__", run)))


def _classes(holder: ModuleType | type, module: str) -> Iterator[type[Action]]:
    for value in tuple(vars(holder).values()):
        if not isinstance(value, type):
            continue
        if issubclass(value, Action) and not theirs(value) and not inspect.isabstract(value):
            yield value
        if value.__module__ == module and value is not holder:
            yield from _classes(value, module)


def _made(kind: type[Action]) -> Found:
    source = source_of(kind)
    try:
        action = kind()
        name = action.name()
    except NotImplementedError as error:
        raise RegistrationError(
            f"{source} has no name: write its name(), or make it abstract (abc.abstractmethod) "
            "if it is a base of actions"
        ) from error
    except Exception as error:
        raise RegistrationError(
            f"{source} cannot be made an action, which takes no arguments: {type(error).__name__}: {error}"
        ) from error
    return checked(name, action.run, source)


def source_of(written: Any) -> str:
    """Name what was written, as ``module.name``."""
    if isinstance(written, Adapted):
        return written.source
    named = written if hasattr(written, "__qualname__") else type(written)
    return f"{named.__module__}.{named.__qualname__}"
