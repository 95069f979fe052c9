"""Dialogue flows: several turns in which only the flow's own rules count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.application.manager import DialogueManager, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder
    from mm_actions.core.runtime import Runtime

F = TypeVar("F", bound="Callable[..., Any]")


class DialogueFlow(DialogueManager):
    """A dialogue manager of its own, entered by one handler and left by those marked ``exit_flow``.

    Args:
        name: The name of the entrance state; the flow itself is the state ``<name>_flow``.
        entrance: The handler that opens the flow.
        app: Where both states are registered.
        conditions: When the entrance takes a turn.
    """

    def __init__(
        self, name: str, entrance: Callable[..., Any], app: DialogueManager, **conditions: Any
    ) -> None:
        super().__init__()
        self.name = name
        self.exit_flow_states: set[str] = set()
        self._entrance = entrance
        app.add_dialogue_rule(self.name, _Entrance(self, entrance), **conditions)
        app.add_dialogue_rule(self.flow_state, _Inside(self), targeted_only=True)

    @property
    def flow_state(self) -> str:
        """The state that takes the turns inside the flow."""
        return f"{self.name}_flow"

    def handle(self, **conditions: Any) -> Callable[[F], F]:
        """Register the decorated handler inside the flow; ``exit_flow=True`` makes it the last turn of it."""
        leaves = conditions.pop("exit_flow", False)
        register = super().handle(**conditions)

        def register_exit(handler: F) -> F:
            if leaves:
                self.exit_flow_states.add(conditions.get("name") or handler.__name__)
            return register(handler)

        return register_exit

    def use_middleware(self, *functions: F) -> Any:
        """Add the decorated middleware to the flow alone."""
        return self.middleware(*functions)

    def __call__(self, request: Request, responder: DialogueResponder) -> Any:
        """Open the flow from another handler."""
        responder.params.target_dialogue_state = self.flow_state
        return self._entrance(request, responder)


class _Entrance(Step):
    def __init__(self, flow: DialogueFlow, handler: Callable[..., Any]) -> None:
        self._flow = flow
        self._handler = handler

    async def answer(self, request: Request, responder: DialogueResponder, runtime: Runtime) -> Any:
        responder.params.target_dialogue_state = self._flow.flow_state
        return await runtime.handle(self._handler, request, responder)


class _Inside(Step):
    def __init__(self, flow: DialogueFlow) -> None:
        self._flow = flow

    async def answer(self, request: Request, responder: DialogueResponder, runtime: Runtime) -> Any:
        rule = self._flow.choose(request)
        state = rule.dialogue_state if rule else None
        if state not in self._flow.exit_flow_states:
            responder.params.target_dialogue_state = self._flow.flow_state
        await self._flow.within_middleware(rule, request, responder, runtime)
        return {"dialogue_state": state}
