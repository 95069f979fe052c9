"""The dialogue manager: chooses a state for a turn and has its handler answer, within the middleware."""

from __future__ import annotations

import inspect
import logging
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from mm_actions.application.index import RuleIndex
from mm_actions.application.rules import DialogueStateRule, make_rule
from mm_actions.core.runtime import BLOCKING, Runtime, drive
from mm_actions.errors import CustomActionException, RegistrationError, ReprocessLoop, StateTaken

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder

    Handler = Callable[..., Any]

F = TypeVar("F", bound="Callable[..., Any]")
logger = logging.getLogger("mm_actions.dialogue")

REPROCESS_LIMIT = 10
"""Times that one turn may be sent back; more is taken for a loop."""


class Step(ABC):
    """A handler of our own, which waits through a runtime.

    Attributes:
        shares_name: Whether its state's name may be that of other steps which say the same.
    """

    shares_name = False

    @abstractmethod
    async def answer(self, request: Request, responder: DialogueResponder, runtime: Runtime) -> Any:
        """Answer a turn."""


class DialogueStateException(CustomActionException):
    """Sent by :meth:`DialogueManager.reprocess`; not an error."""

    def __init__(self, message: str | None = None, target_dialogue_state: str | None = None) -> None:
        super().__init__(message or "reprocess")
        self.target_dialogue_state = target_dialogue_state


class DialogueManager:
    """Rules, handlers and middleware.

    Args:
        async_mode: Turns are awaited, so middleware must be written ``async``.
    """

    def __init__(self, *, async_mode: bool = False) -> None:
        self.async_mode = async_mode
        self.rules: list[DialogueStateRule] = []
        self.middlewares: list[Callable[..., Any]] = []
        self._index = RuleIndex(())
        self._handlers: dict[str, Any] = {}
        self._default: str | None = None

    def add_dialogue_rule(
        self, name: str | None, handler: Handler | Step, **conditions: Any
    ) -> DialogueStateRule:
        """Register a handler for a state.

        Args:
            name: The state's name; None for the handler's own.
            handler: ``handler(request, responder)``, a function or a coroutine function.
            conditions: ``domain``, ``intent``, ``has_entity``, ``has_entities``, ``targeted_only``,
                ``default``.

        Raises:
            RegistrationError: A condition cannot work.
            StateTaken: The name belongs to another handler, or there is a default already.
        """
        rule = self.make_rule(name, handler, conditions)
        self.keep(rule)
        return rule

    def make_rule(
        self, name: str | None, handler: Handler | Step, conditions: dict[str, Any]
    ) -> DialogueStateRule:
        """Check what :meth:`add_dialogue_rule` takes, and register nothing."""
        if not callable(handler) and not isinstance(handler, Step):
            raise RegistrationError(f"{handler!r} is not a handler: write a function of (request, responder)")
        state = name or getattr(handler, "__name__", None)
        if not isinstance(state, str):
            raise RegistrationError(f"{handler!r} has no name: pass name=")
        rule = make_rule(state, handler, conditions)
        taken = self._handlers.get(state, handler)
        if taken != handler and not (_shares_name(taken) and _shares_name(handler)):
            raise StateTaken(f"the dialogue state {state!r} has another handler already: pass another name=")
        if rule.default and self._default is not None:
            raise StateTaken(f"{self._default!r} is the default already, so {state!r} cannot be")
        return rule

    def keep(self, *rules: DialogueStateRule) -> None:
        """Register rules that :meth:`make_rule` made."""
        for rule in rules:
            self._handlers.setdefault(rule.dialogue_state, rule.handler)
            if rule.default:
                self._default = rule.dialogue_state
        self.rules.extend(rules)

    def add_middleware(self, middleware: Callable[..., Any]) -> None:
        """Wrap all handlers in ``middleware(request, responder, handler)``; the first is the outermost.

        Raises:
            RegistrationError: It cannot be called, or is a plain function in async mode.
        """
        if not callable(middleware):
            raise RegistrationError(
                f"{middleware!r} is not middleware: write a function of (request, responder, handler)"
            )
        if self.async_mode and not _is_async(middleware):
            raise _plain_around_async(middleware)
        self.middlewares.append(middleware)

    def handle(self, **conditions: Any) -> Callable[[F], F]:
        """Register the decorated handler; ``name=`` and the conditions of :meth:`add_dialogue_rule`."""
        name = conditions.pop("name", None)

        def register(handler: F) -> F:
            self.add_dialogue_rule(name, handler, **conditions)
            return handler

        return register

    def middleware(self, *functions: Callable[..., Any]) -> Any:
        """Add the decorated middleware; written with or without parentheses."""
        if functions:
            self.add_middleware(functions[0])
            return functions[0]
        return self.middleware

    @staticmethod
    def reprocess(target_dialogue_state: str | None = None) -> NoReturn:
        """Leave the handler and have the turn taken anew: by the named state, or by whichever rule matches.

        Raises:
            DialogueStateException: Always; the dialogue manager catches it.
        """
        raise DialogueStateException(target_dialogue_state=target_dialogue_state)

    def choose(self, request: Request, target: str | None = None) -> DialogueStateRule | None:
        """Find the rule that takes a turn; a target is found by name alone."""
        index = self._index
        if len(index) != len(self.rules):  # rules were added, perhaps by another thread just now
            index = self._index = RuleIndex(self.rules)
        rule = index.named(target) if target else index.taking(request)
        if rule is None and target:
            logger.warning("no dialogue state is called %r, which is the target of this turn", target)
        elif rule is None:
            logger.info("no dialogue state for %s.%s", request.domain, request.intent)
        return rule

    async def apply_handler(
        self, request: Request, responder: DialogueResponder, runtime: Runtime, target: str | None = None
    ) -> DialogueResponder:
        """Have a turn answered.

        Raises:
            ReprocessLoop: Handlers kept sending the turn back.
        """
        for _ in range(REPROCESS_LIMIT + 1):
            try:
                return await self._apply_once(request, responder, runtime, target)
            except DialogueStateException as again:
                target = again.target_dialogue_state
        raise ReprocessLoop(
            f"{responder.dialogue_state!r} was reached after {REPROCESS_LIMIT} calls of reprocess() in one "
            "turn; name a target_dialogue_state that does not reprocess"
        )

    async def _apply_once(
        self, request: Request, responder: DialogueResponder, runtime: Runtime, target: str | None
    ) -> DialogueResponder:
        rule = self.choose(request, target)
        state = rule.dialogue_state if rule else None
        responder.dialogue_state = state
        result = await self.within_middleware(rule, request, responder, runtime)
        if state and isinstance(result, dict) and result.get("dialogue_state"):
            state = f"{state}.{result['dialogue_state']}"
        responder.dialogue_state = state
        return responder

    async def within_middleware(
        self, rule: DialogueStateRule | None, request: Request, responder: DialogueResponder, runtime: Runtime
    ) -> Any:
        """Run a rule's handler inside the middleware; without a rule, the middleware alone."""
        return await self._from(0, rule.handler if rule else _nothing, runtime, request, responder)

    async def _from(
        self, position: int, handler: Any, runtime: Runtime, request: Request, responder: DialogueResponder
    ) -> Any:
        if position == len(self.middlewares):
            if isinstance(handler, Step):
                return await handler.answer(request, responder, runtime)
            return await runtime.handle(handler, request, responder)
        middleware = self.middlewares[position]
        inner: Callable[..., Coroutine[Any, Any, Any]] = partial(self._from, position + 1, handler, runtime)
        if _is_async(middleware):
            return await runtime.handle(middleware, request, responder, inner)
        if runtime is not BLOCKING and any(map(_is_async, (handler, *self.middlewares[position + 1 :]))):
            raise _plain_around_async(middleware)
        return await runtime.handle(
            middleware, request, responder, lambda turn, answer: drive(inner(turn, answer))
        )


def _is_async(handler: Any) -> bool:
    return (
        isinstance(handler, Step)
        or inspect.iscoroutinefunction(handler)
        or inspect.iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004 - its kind, not whether
    )


def _plain_around_async(middleware: Callable[..., Any]) -> RegistrationError:
    return RegistrationError(
        f"the middleware {getattr(middleware, '__name__', middleware)!r} is a plain function around async "
        "handlers: write `async def` and `await handler(request, responder)`"
    )


def _shares_name(handler: object) -> bool:
    return isinstance(handler, Step) and handler.shares_name


def _nothing(_request: Request, _responder: DialogueResponder) -> None:
    """Answer with nothing, as MindMeld does when no rule takes a turn."""
