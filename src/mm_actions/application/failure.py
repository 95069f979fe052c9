"""What the user hears when an action fails."""

from __future__ import annotations

import inspect
import re
import string
from typing import TYPE_CHECKING, Any, TypeAlias

from mm_actions.client.action import CustomAction, Invocable
from mm_actions.errors import RegistrationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.client.result import ActionResult
    from mm_actions.config import Config
    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder
    from mm_actions.core.runtime import Runtime

OnFailure: TypeAlias = "str | Invocable | Callable[..., Any]"

APOLOGY = "Sorry, I can't do that right now. Please try again in a moment."

_ACTION_NAME = re.compile(r"[a-z][a-z0-9]*(?:[_.:-][a-z0-9]+)+")


class Fallback:
    """Answers in place of an action that failed.

    Args:
        on_failure: One of

            * a text, which is replied;
            * the name of an action: a string in one piece with an underscore, full stop, colon or hyphen
              inside (``say_sorry``), or one that the configuration lists under ``actions``;
            * a :class:`CustomAction`, or a sequence of them;
            * ``handler(request, responder, result)``, a function or a coroutine function, or one of
              ``(request, responder)``; ``result.error`` says what happened;
            * None: :data:`APOLOGY` is replied if the responder would otherwise be empty.
        config: Where an action that is named lives.

    Raises:
        RegistrationError: It is none of these, or names an action without a config.
    """

    def __init__(self, on_failure: OnFailure | None, config: Config | None) -> None:
        check_on_failure(on_failure)
        self._text: str | None = None
        self._action: Invocable | None = None
        self._handler: Callable[..., Any] | None = None
        if isinstance(on_failure, str):
            if (config is not None and on_failure in config.actions) or _ACTION_NAME.fullmatch(on_failure):
                self._action = _named(on_failure, config)
            else:
                self._text = on_failure
        elif isinstance(on_failure, Invocable):
            self._action = on_failure
        elif on_failure is not None:
            self._handler = _of_three(on_failure)

    async def answer(
        self, result: ActionResult, request: Request, responder: DialogueResponder, runtime: Runtime
    ) -> Any:
        """Answer the user."""
        if self._text is not None:
            return responder.reply(self._text)
        if self._handler is not None:
            return await runtime.handle(self._handler, request, responder, result)
        if self._action is not None and await self._action.run(request, responder, runtime):
            return None
        if not responder.directives:
            responder.reply(APOLOGY)
        return None


def _named(action: str, config: Config | None) -> CustomAction:
    if config is None:
        raise RegistrationError(f"on_failure names the action {action!r}, so pass the config of its server")
    return CustomAction(action, config)


def check_on_failure(on_failure: object) -> None:
    """Refuse what cannot be a :class:`Fallback` with any configuration.

    Raises:
        RegistrationError: It is neither a text, nor an action, nor a handler.
    """
    if isinstance(on_failure, str):
        if not on_failure.strip():
            raise RegistrationError("on_failure is an empty text: write what to reply")
        try:
            list(string.Formatter().parse(on_failure))
        except ValueError as error:
            raise RegistrationError(
                f"on_failure {on_failure!r} is not a template ({error}): write {{name}} for a slot, "
                "{{ for a brace"
            ) from error
    elif callable(on_failure):
        _of_three(on_failure)
    elif on_failure is not None and not isinstance(on_failure, Invocable):
        raise RegistrationError(
            f"on_failure is {on_failure!r}: write a text, an action or a handler of three arguments"
        )


def _of_three(handler: Callable[..., Any]) -> Callable[..., Any]:
    try:
        signature = inspect.signature(handler)
    except ValueError:  # some built-in callables have none
        return handler
    if _takes(signature, 3):
        return handler
    if _takes(signature, 2):
        return lambda request, responder, _result: handler(request, responder)
    raise RegistrationError(f"on_failure {handler!r} cannot be called with (request, responder, result)")


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True
