"""What `app.custom_action` registers: actions, then a handler that refines, or a fallback that answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.application.manager import Step
from mm_actions.client.action import CustomAction
from mm_actions.errors import RegistrationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.application.failure import Fallback
    from mm_actions.client.action import CustomActionSequence
    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder
    from mm_actions.core.runtime import Runtime

F = TypeVar("F", bound="Callable[..., Any]")


class ActionRule(Step):
    """Calls a sequence of actions; used as a decorator, it takes a handler to run after them.

    Args:
        name: The dialogue state's name.
        sequence: The actions.
        fallback: Answers when an action fails; the decorated handler is not called then.
        shares_name: Whether the name is the default one, which rules with the same actions share.
    """

    def __init__(
        self, name: str, sequence: CustomActionSequence, fallback: Fallback, *, shares_name: bool
    ) -> None:
        self.__name__ = name
        self.sequence = sequence
        self.shares_name = shares_name
        self._fallback = fallback
        self._refine: Callable[..., Any] | None = None

    def __call__(self, handler: F) -> F:
        """Have a handler called after the actions, with the merged responder.

        Raises:
            RegistrationError: There is one already.
        """
        if not callable(handler):
            raise RegistrationError(
                f"{handler!r} cannot refine {self.__name__!r}: decorate a function of (request, responder)"
            )
        if self._refine is not None:
            raise RegistrationError(f"{self.__name__!r} is refined already: write both into one handler")
        self._refine = handler
        return handler

    async def answer(self, request: Request, responder: DialogueResponder, runtime: Runtime) -> Any:
        """Call the actions, and what comes after them."""
        result = await self.sequence.run(request, responder, runtime)
        if not result:
            return await self._fallback.answer(result, request, responder, runtime)
        if self._refine is not None:
            return await runtime.handle(self._refine, request, responder)
        return None


def wanted_actions(action: object, actions: object) -> list[str | CustomAction]:
    """Check the two arguments that name actions, and make one list of them.

    Raises:
        RegistrationError: None or both are given, or one is of the wrong kind.
    """
    if action is not None and actions is not None:
        raise RegistrationError("both action and actions are given: put all names into actions=[...]")
    if action is not None:
        if not _is_action(action):
            raise RegistrationError(f"action is {action!r}: write one name, or actions=[...] for several")
        return [action]  # type: ignore[list-item] # checked by the line above
    if actions is None:
        raise RegistrationError("action or actions must be given: write action='name' or actions=['a', 'b']")
    if isinstance(actions, str):
        raise RegistrationError(
            f"actions is the string {actions!r}: write actions=[{actions!r}] or action={actions!r}"
        )
    if not isinstance(actions, Sequence) or not all(map(_is_action, actions)):
        raise RegistrationError(f"actions is {actions!r}: write a list of names, such as actions=['a', 'b']")
    if not actions:
        raise RegistrationError("actions is empty: name at least one action")
    return list(actions)


def check_switches(**switches: object) -> None:
    """Refuse what is neither True nor False; a mistaken truth would change what is called, or how.

    Raises:
        RegistrationError: One is something else.
    """
    for name, value in switches.items():
        if not isinstance(value, bool):
            raise RegistrationError(f"{name} is {value!r}: write {name}=True or {name}=False")


def _is_action(action: object) -> bool:
    return isinstance(action, CustomAction) or (isinstance(action, str) and bool(action))
