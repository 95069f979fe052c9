"""Finding the ActionServer that `mm-actions serve MODULE[:server]` names."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError
from mm_actions.server.action_server import ActionServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ATTRIBUTE = "server"
_OURS = str(Path(__file__).parents[2])


class ModuleFailed(ConfigurationError):
    """The module's own code raised while it was imported.

    Attributes:
        traceback: Where, without the frames of what imported it.
    """

    def __init__(self, module: str, error: BaseException) -> None:
        super().__init__(f"{module} cannot be imported: {type(error).__name__}: {error}")
        self.traceback = _own_traceback(error)


def load_server(reference: str) -> ActionServer:
    """Import a module and give its server.

    Args:
        reference: A module's dotted name or the path of a Python file; after a colon the name of the
            ActionServer in it, ``server`` if there is none.

    Raises:
        ConfigurationError: There is no such module, no such server in it, or the server has no actions.
        ModuleFailed: The module's own code failed.
    """
    place, _, attribute = reference.partition(":")
    attribute = attribute or ATTRIBUTE
    if "" not in sys.path:
        sys.path.insert(0, "")  # as `python -m` does: an installed script's own folder stands there instead
    module = _module_at(place)
    server = _attribute(module, attribute, place)
    if not len(server.registry):
        raise ConfigurationError(
            f"{place}:{attribute} has no actions: register functions with @{attribute}.action"
        )
    return server


def _module_at(place: str) -> ModuleType:
    importing = _file(Path(place)) if place.endswith(".py") or "/" in place else _named(place)
    try:
        return importing()
    except ModuleNotFoundError as error:
        if error.name is None or not (place == error.name or place.startswith(f"{error.name}.")):
            raise ModuleFailed(place, error) from error
        raise ConfigurationError(f"there is no module {place!r}{_advice(place)}") from None
    except (Exception, SystemExit) as error:
        raise ModuleFailed(place, error) from error


def _named(name: str) -> Callable[[], ModuleType]:
    return lambda: importlib.import_module(name)


def _file(path: Path) -> Callable[[], ModuleType]:
    """Find a file, to be imported with its neighbours as `python file` does."""
    path = path.absolute()
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}")
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} is not a Python file")
    if getattr(sys.modules.get(name), "__file__", str(path)) != str(path):
        raise ConfigurationError(f"{path} has the name of another module, {name!r}: rename it")
    loader = spec.loader

    def importing() -> ModuleType:
        sys.path.insert(0, str(path.parent))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module

    return importing


def _attribute(module: ModuleType, name: str, place: str) -> ActionServer:
    found = getattr(module, name, None)
    if isinstance(found, ActionServer):
        return found
    servers = [each for each, value in vars(module).items() if isinstance(value, ActionServer)]
    if servers:
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
