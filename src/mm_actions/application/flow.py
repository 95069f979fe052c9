"""Dialogue flows: several turns in which only the flow's own rules count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_actions.application.manager import DialogueManager, DialogueStateException, Step
from mm_actions.application.registering import RegistersActions
from mm_actions.errors import RegistrationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from mm_actions.application.rules import DialogueStateRule
    from mm_actions.config import Config
    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder
    from mm_actions.core.runtime import Runtime


class DialogueFlow(DialogueManager, RegistersActions):
    """A dialogue manager of its own, entered by one handler and left by those marked ``exit_flow``.

    Args:
        name: The name of the entrance state; the flow itself is the state ``<name>_flow``.
        entrance: The handler that opens the flow.
        app: The application, or the dialogue manager, where both states are registered. The settings of an
            application's actions hold inside its flows.
        conditions: When the entrance takes a turn.
    """

    def __init__(self, name: str, entrance: Callable[..., Any], app: Any, **conditions: Any) -> None:
        outer: DialogueManager = getattr(app, "dialogue_manager", app)
        super().__init__(async_mode=outer.async_mode)
        if not callable(entrance):
            raise RegistrationError(
                f"{entrance!r} cannot open the flow {name!r}: decorate a function of (request, responder)"
            )
        self.name = name
        self._app = app
        if isinstance(app, RegistersActions):
            self.on_failure = app.on_failure
        self.exit_flow_states: set[str] = set()
        self._entrance = entrance
        outer.keep(
            outer.make_rule(name, _Entrance(self, entrance), conditions),
            outer.make_rule(self.flow_state, _Inside(self), {"targeted_only": True}),
        )

    @property
    def flow_state(self) -> str:
        """The state that takes the turns inside the flow."""
        return f"{self.name}_flow"

    def add_dialogue_rule(
        self, name: str | None, handler: Callable[..., Any] | Step, **conditions: Any
    ) -> DialogueStateRule:
        """Register a handler inside the flow; ``exit_flow=True`` makes it the last turn of it."""
        leaves = conditions.pop("exit_flow", False)
        rule = super().add_dialogue_rule(name, handler, **conditions)
        if leaves:
            self.exit_flow_states.add(rule.dialogue_state)
        return rule

    def declared_settings(self) -> Config | None:
        """Give where the application's actions live."""
        return self._app.declared_settings() if isinstance(self._app, RegistersActions) else None

    def use_middleware(self, *functions: Callable[..., Any]) -> Any:
        """Add the decorated middleware to the flow alone."""
        return self.middleware(*functions)

    def __call__(self, request: Request, responder: DialogueResponder) -> Any:
        """Open the flow from another handler."""
        responder.params.target_dialogue_state = self.flow_state
        return self._entrance(request, responder)

    async def stay(self, responder: DialogueResponder, handled: Coroutine[Any, Any, Any]) -> Any:
        """Run a handler with the flow as the next turn's target, unless the handler changes that.

        A handler that has the turn reprocessed backs out of the flow, so the next turn is not the flow's.
        """
        before = responder.params.target_dialogue_state
        responder.params.target_dialogue_state = self.flow_state
        try:
            return await handled
        except DialogueStateException:
            if responder.params.target_dialogue_state == self.flow_state:
                responder.params.target_dialogue_state = before
            raise


class _Entrance(Step):
    def __init__(self, flow: DialogueFlow, handler: Callable[..., Any]) -> None:
        self._flow = flow
        self._handler = handler

    async def answer(self, request: Request, responder: DialogueResponder, runtime: Runtime) -> Any:
        return await self._flow.stay(responder, runtime.handle(self._handler, request, responder))


class _Inside(Step):
    def __init__(self, flow: DialogueFlow) -> None:
        self._flow = flow

    async def answer(self, request: Request, responder: DialogueResponder, runtime: Runtime) -> Any:
        rule = self._flow.choose(request)
        state = rule.dialogue_state if rule else None
        handled = self._flow.within_middleware(rule, request, responder, runtime)
        if state in self._flow.exit_flow_states:
            await handled
        else:
            await self._flow.stay(responder, handled)
        return {"dialogue_state": state}
