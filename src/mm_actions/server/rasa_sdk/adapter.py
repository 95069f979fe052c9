"""An action of rasa_sdk as a handler of ours: where it runs."""

from __future__ import annotations

import asyncio
import inspect
import threading
from abc import abstractmethod
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from rasa_sdk import ValidationAction

from mm_actions.server.rasa_sdk.native import NativeHandler
from mm_actions.server.rasa_sdk.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder
    from mm_actions.server.rasa_sdk.turn import Run

INLINE = "mm_actions_inline"
"""The attribute by which an action's class says where it runs: True on the event loop, False on a thread."""
DOMAIN = "mm_actions_domain"
"""The attribute by which an action's class says that it does without the domain: False."""
_THEIRS = ("rasa_sdk.", "rasa_core_sdk.", "rasa.", "rasa_core.")


def theirs(kind: type) -> bool:
    """Tell whether a class is Rasa's own, and not of somebody who uses it."""
    return f"{kind.__module__}.".startswith(_THEIRS)


def adapt(name: str, run: Run, *, source: str, domain: Mapping[str, Any]) -> Adapted:
    """Make a handler of what rasa_sdk calls to run an action.

    A plain function runs on a thread; a coroutine function, on the event loop. So does a validation action,
    unless all that its author wrote for it are plain functions. :data:`INLINE` overrules both.

    Args:
        name: The action's name.
        run: Takes a dispatcher, a tracker and a domain.
        source: Where it was written, as ``module.class``.
        domain: The assistant's domain, for calls that do not bring one.
    """
    action = getattr(run, "__self__", None)
    inline = getattr(action, INLINE, getattr(run, INLINE, None))
    asynchronous = inspect.iscoroutinefunction(run)
    if inline is None:
        inline = asynchronous and not _validates_plainly(action)
    kind = OnLoop if inline else OnOwnLoop if asynchronous else OnThread
    return kind(name, run, source, domain)


def _validates_plainly(action: object) -> bool:
    """Tell whether a validation action waits for nothing, so that what it does must be work, or blocking."""
    if not isinstance(action, ValidationAction):
        return False
    return not any(
        inspect.iscoroutinefunction(getattr(member, "__func__", member))
        for kind in type(action).__mro__
        if not theirs(kind)
        for member in vars(kind).values()
    )


class Adapted(NativeHandler):
    """A handler that runs an action of rasa_sdk.

    Attributes:
        source: Where the action was written.
        needs_domain: Whether an assistant has to send its domain, if it is not known.
    """

    def __init__(self, name: str, run: Run, source: str, domain: Mapping[str, Any]) -> None:
        self.source = source
        self.needs_domain = bool(getattr(getattr(run, "__self__", run), DOMAIN, True))
        self._name = name
        self._run = run
        self._domain = domain

    @abstractmethod
    def __call__(self, request: Request, responder: DialogueResponder) -> Any:
        """Run it."""

    def _turn(self, request: Request, responder: DialogueResponder) -> Turn:
        return Turn(self._name, self._domain, request, responder)


class OnLoop(Adapted):
    """An action that runs on the event loop."""

    async def __call__(self, request: Request, responder: DialogueResponder) -> dict[str, Any] | None:
        """Run it."""
        turn = self._turn(request, responder)
        return await turn.end(turn.begin(self._run))


class OnThread(Adapted):
    """An action that runs on a thread; what it hands out to be awaited goes on on the event loop."""

    def __call__(self, request: Request, responder: DialogueResponder) -> Any:
        """Run it."""
        turn = self._turn(request, responder)
        try:
            result = turn.begin(self._run)
        except RuntimeError as error:
            if "event loop" in str(error):
                error.add_note(
                    f"It runs on a thread. {INLINE} = True in its class has it run on the event loop."
                )
            raise
        return turn.end(result) if inspect.isawaitable(result) else turn.answer(result)


class OnOwnLoop(Adapted):
    """A coroutine that may block: it runs on a thread, with an event loop of its own."""

    def __call__(self, request: Request, responder: DialogueResponder) -> dict[str, Any] | None:
        """Run it."""
        turn = self._turn(request, responder)
        rest = turn.end(turn.begin(self._run))
        answer: dict[str, Any] | None = _own.loop.runner.run(rest, context=copy_context())
        return answer


class _Loop:
    """An event loop that ends with its thread; to make one takes eight times as long as to use it."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()

    def __del__(self) -> None:
        self.runner.close()


class _Own(threading.local):
    def __init__(self) -> None:
        self.loop = _Loop()


_own = _Own()
