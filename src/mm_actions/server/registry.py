"""The actions that a server offers, by name."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from mm_actions.contract.wire import ActionInfo
from mm_actions.errors import RegistrationError
from mm_actions.server.calls.arguments import Parameter, read_parameters, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Handler = Callable[..., Any]

T = TypeVar("T", bound="Callable[..., Any]")
OnDisconnect = Literal["cancel", "finish"]
LONGEST_NAME = 200
_LONGEST_TIMEOUT = 2_147_483


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Action:
    """A handler and what is known of it.

    Attributes:
        name: The name that callers use.
        handler: What carries it out.
        asynchronous: Whether the handler is awaited on the event loop, or runs on a thread.
        parameters: The handler's typed arguments.
        intents: The intents it is meant for, as ``domain.intent``.
        idempotent: Whether repeating it does no harm.
        timeout: Seconds it may take; None for the server's own limit.
        description: What it does, in a sentence.
        deprecated: Whether callers should look for another.
        version: The version of the action, in whatever form its maker likes.
        on_disconnect: What becomes of the handler when the caller of a stream leaves.
    """

    name: str
    handler: Handler = field(repr=False)
    asynchronous: bool
    parameters: tuple[Parameter, ...] = ()
    intents: tuple[str, ...] = ()
    idempotent: bool = False
    timeout: float | None = None
    description: str | None = None
    deprecated: bool = False
    version: str | None = None
    on_disconnect: OnDisconnect = "cancel"

    def info(self) -> ActionInfo:
        """Give the entry of the catalogue."""
        return ActionInfo(
            name=self.name,
            description=self.description,
            idempotent=self.idempotent,
            streaming=True,
            deprecated=True if self.deprecated else None,
            timeout_ms=None if self.timeout is None else round(self.timeout * 1000),
            intents=list(self.intents) or None,
            version=self.version,
            schema=schema_of(self.parameters) if self.parameters else None,
        )


class Registry:
    """Actions by name."""

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}
        self.find = self._actions.get

    def __iter__(self) -> Iterator[Action]:
        """Give the actions in the order of their registration."""
        return iter(self._actions.values())

    def __len__(self) -> int:
        """Count the actions."""
        return len(self._actions)

    def add(
        self,
        handler: Callable[..., Any],
        name: str | None = None,
        *,
        intents: Iterable[str] = (),
        idempotent: bool = False,
        timeout: float | None = None,
        description: str | None = None,
        deprecated: bool = False,
        version: str | None = None,
        on_disconnect: OnDisconnect = "cancel",
    ) -> Action:
        """Register a handler; the arguments are those of :meth:`ActionServer.action`.

        Raises:
            RegistrationError: An argument cannot work, or the name is taken.
        """
        if not callable(handler):
            raise RegistrationError(f"a handler is a function, not {type(handler).__name__}")
        called = name if name is not None else getattr(handler, "__name__", "")
        _check_name(called)
        if called in self._actions:
            other = self._actions[called].handler
            raise RegistrationError(
                f"action {called!r} has a handler already: "
                f"{getattr(other, '__module__', '?')}.{getattr(other, '__qualname__', other)}"
            )
        meant_for = () if isinstance(intents, str) else tuple(intents)
        if isinstance(intents, str) or not all(isinstance(intent, str) for intent in meant_for):
            raise RegistrationError(f"intents of action {called!r} is a list of names: intents=['a.b']")
        number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
        if timeout is not None and not (number and 0 < timeout <= _LONGEST_TIMEOUT):
            raise RegistrationError(f"timeout of action {called!r} is a number of seconds above 0")
        if on_disconnect not in (choices := get_args(OnDisconnect)):
            raise RegistrationError(f"on_disconnect of action {called!r} is one of {', '.join(choices)}")
        action = Action(
            name=called,
            handler=handler,
            asynchronous=_is_asynchronous(handler),
            parameters=read_parameters(handler, called),
            intents=meant_for,
            idempotent=bool(idempotent),
            timeout=timeout,
            description=description if description is not None else _summary(handler),
            deprecated=deprecated,
            version=version,
            on_disconnect=on_disconnect,
        )
        self._actions[called] = action
        return action


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise RegistrationError(
            f"the name of an action is a text of 1 to {LONGEST_NAME} printable characters, not {name!r}"
        )
    if name == "<lambda>":
        raise RegistrationError("a lambda has no name of its own: write action('name')(...)")


def _is_asynchronous(handler: Callable[..., Any]) -> bool:
    call = getattr(handler, "__call__", None)  # noqa: B004 - an instance's method is wanted, not the answer
    return any(
        inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        for function in (handler, call)
    )


def _summary(handler: Callable[..., Any]) -> str | None:
    documentation = inspect.getdoc(handler) if hasattr(handler, "__name__") else None
    return (documentation or "").strip().partition("\n")[0] or None
