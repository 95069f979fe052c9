"""What `app.custom_action` registers: actions, then a handler that refines, or a fallback that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.application.manager import Step

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
        self._fallback = fallback
        self._shares_name = shares_name
        self._refine: Callable[..., Any] | None = None

    def __call__(self, handler: F) -> F:
        """Have a handler called after the actions, with the merged responder."""
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

    def __eq__(self, other: object) -> bool:
        """Rules that share a default name do not stand in each other's way."""
        return self is other or (isinstance(other, ActionRule) and self._shares_name and other._shares_name)

    __hash__ = None  # type: ignore[assignment]
