"""Finding the ActionServer that `mm-actions serve MODULE[:server]` names."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.core.importing import imported, is_missing, see_neighbours, spec_of
from mm_actions.errors import ConfigurationError
from mm_actions.server.action_server import ActionServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

ATTRIBUTE = "server"
_OURS = str(Path(__file__).parents[2])


class ModuleFailed(ConfigurationError):
    """The module's own code raised while it was imported.

    Attributes:
        traceback: Where, without the frames of what imported it.
    """

    def __init__(self, module: str, error: BaseException) -> None:
        install = "; pip install 'mm_actions[rasa]'" if _lacks(error, "rasa_sdk") else ""
        super().__init__(f"{module} cannot be imported: {type(error).__name__}: {error}{install}")
        self.traceback = _own_traceback(error)


def load_server(reference: str) -> ActionServer:
    """Import a module and give its server.

    A module or package without one may hold actions written for rasa_sdk: they are given a server.

    Args:
        reference: A module's dotted name or the path of a Python file; after a colon the name of the
            ActionServer in it, ``server`` if there is none.

    Raises:
        ConfigurationError: There is no such module, no such server in it, or the server has no actions.
        ModuleFailed: The module's own code failed.
        RegistrationError: What is written for rasa_sdk in it cannot be an action.
    """
    place, _, given = reference.partition(":")
    attribute = given or ATTRIBUTE
    if "" not in sys.path:
        sys.path.insert(0, "")  # as `python -m` does: an installed script's own folder stands there instead
    module = import_module(place)
    if not given and not _servers(module) and (hosting := _hosting(module)) is not None:
        return hosting
    server = _attribute(module, attribute, place)
    if not len(server.registry):
        raise ConfigurationError(
            f"{place}:{attribute} has no actions: register functions with @{attribute}.action"
        )
    return server


def import_module(place: str) -> ModuleType:
    """Import a module by its dotted name, or a Python file by its path.

    Raises:
        ConfigurationError: There is no such module.
        ModuleFailed: Its own code failed.
    """
    importing = _file(Path(place)) if place.endswith(".py") or "/" in place else _named(place)
    try:
        return importing()
    except ModuleNotFoundError as error:
        if not is_missing(place, error):
            raise ModuleFailed(place, error) from error
        raise ConfigurationError(f"there is no module {place!r}{_advice(place)}") from None
    except (Exception, SystemExit) as error:
        raise ModuleFailed(place, error) from error


def import_all(module: ModuleType) -> Iterator[ModuleType]:
    """Import all that is in a package, and give each module, the package itself first.

    Raises:
        ModuleFailed: A module's own code failed.
    """
    yield module
    # Its direct children, by their full names: a package within it may be called like one without.
    for found in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{module.__name__}."):
        if found.name.endswith(".__main__"):
            continue  # it is there to be run
        child = import_module(found.name)
        yield from import_all(child) if found.ispkg else (child,)


def _hosting(module: ModuleType) -> ActionServer | None:
    """Make a server of the actions that are written for rasa_sdk, if there are any."""
    for _ in import_all(module):
        pass
    if "rasa_sdk" not in sys.modules:
        return None
    from mm_actions.server.rasa_sdk.registration import register  # noqa: PLC0415 - rasa_sdk is an extra

    server = ActionServer()
    return server if register(server, module) else None


def _servers(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if isinstance(value, ActionServer)]


def _named(name: str) -> Callable[[], ModuleType]:
    return lambda: importlib.import_module(name)


def _file(path: Path) -> Callable[[], ModuleType]:
    """Find a file, to be imported with its neighbours as `python file` does."""
    path = path.absolute()
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}")
    name = path.stem
    spec = spec_of(name, path)
    if getattr(sys.modules.get(name), "__file__", str(path)) != str(path):
        raise ConfigurationError(f"{path} has the name of another module, {name!r}: rename it")

    def importing() -> ModuleType:
        see_neighbours(path)
        return imported(spec)

    return importing


def _attribute(module: ModuleType, name: str, place: str) -> ActionServer:
    found = getattr(module, name, None)
    if isinstance(found, ActionServer):
        return found
    if servers := _servers(module):
        advice = f"write {place}:{servers[0]}" if len(servers) == 1 else f"there are {', '.join(servers)}"
    else:
        near = difflib.get_close_matches(name, vars(module), n=1)
        advice = f"did you mean {near[0]!r}? " if near and found is None else ""
        advice += f"write {name} = ActionServer() in it"
    what = f"{name!r} of {place} is {type(found).__name__}, not an ActionServer"
    if found is None:
        what = f"{place} has no {name!r}"
    raise ConfigurationError(f"{what}: {advice}")


def _advice(place: str) -> str:
    parent = Path(*place.split(".")[:-1])
    names = [found.name for found in pkgutil.iter_modules([str(parent)])]
    near = difflib.get_close_matches(place.rpartition(".")[2], names, n=1)
    if not near:
        return f" here ({Path.cwd()}) or among the installed ones"
    return f": did you mean {'.'.join((*place.split('.')[:-1], near[0]))!r}?"


def _lacks(error: BaseException, library: str) -> bool:
    return isinstance(error, ModuleNotFoundError) and error.name == library


def _own_traceback(error: BaseException) -> str:
    shown = traceback.TracebackException.from_exception(error)
    own = [
        frame
        for frame in shown.stack
        if not frame.filename.startswith((_OURS, "<frozen importlib"))
        and not frame.filename.endswith("importlib/__init__.py")
    ]
    shown.stack = traceback.StackSummary.from_list(own)
    return "".join(shown.format())
