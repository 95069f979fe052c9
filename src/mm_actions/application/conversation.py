"""Conversation: turn after turn with an application, carrying what MindMeld carries."""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from mm_actions.application.loading import load_app
from mm_actions.application.turn import params_of
from mm_actions.core.params import NAMES, FrozenParams, Params
from mm_actions.core.responder import DirectiveNames
from mm_actions.core.runtime import in_event_loop
from mm_actions.errors import HandlerSuspended, RegistrationError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

    from mm_actions.application.app import Application
    from mm_actions.core.responder import DialogueResponder


class Conversation:
    """Talks with an application.

    Args:
        app: The application.
        app_path: The application's folder, instead.
        nlp: Another NLP for the application.
        context: What the front end says of itself and its user, in each turn.
        default_params: Settings of each turn; what the turn before left, and what a turn is given, go first.
        force_sync: With an application in async mode, give results instead of coroutines. It needs an event
            loop of its own, which :meth:`close` ends.
        verbose: Ask an NLP that can be asked, such as MindMeld's, for confidences.

    Attributes:
        frame: What the application kept.
        history: The responders so far, newest first.
        params: The settings that the last turn left for the next one.
        form: The entity form in progress.
    """

    def __init__(  # noqa: PLR0917 - MindMeld's order
        self,
        app: Application | None = None,
        app_path: str | None = None,
        nlp: Any = None,
        context: Mapping[str, Any] | None = None,
        default_params: Params | Mapping[str, Any] | None = None,
        force_sync: bool = False,
        verbose: bool = False,
    ) -> None:
        if app is None:
            if app_path is None:
                raise RegistrationError("a conversation needs an app: write Conversation(app)")
            app = load_app(app_path)
        if nlp is not None:
            app.nlp = nlp
        self.app = app
        self.context = context or {}
        self.force_sync = force_sync
        self.verbose = verbose
        self.default_params = params_of(default_params)
        self._runner: asyncio.Runner | None = None
        self.reset()

    def reset(self) -> None:
        """Forget frame, history, form and params."""
        self.frame: dict[str, Any] = {}
        self.history: list[Mapping[str, Any]] = []
        self.form: Any = {}
        self.params: Params = FrozenParams()

    def say(
        self, text: str, params: Params | Mapping[str, Any] | None = None, force_sync: bool = False
    ) -> Any:
        """Say something, and get what a person would read of the answer.

        Returns:
            A list with a text for each directive; with an application in async mode a coroutine of it, unless
            ``force_sync``.
        """
        if self.app.async_mode and not (self.force_sync or force_sync):
            return self.say_async(text, params)
        return texts_of(self.process(text, params, force_sync=True))

    async def say_async(self, text: str, params: Params | Mapping[str, Any] | None = None) -> list[str]:
        """Say something; see :meth:`say`."""
        return texts_of(await self.process_async(text, params))

    def process(
        self, text: str, params: Params | Mapping[str, Any] | None = None, force_sync: bool = False
    ) -> Any:
        """Say something, and get the responder; with an application in async mode as in :meth:`say`."""
        if self.app.async_mode and not (self.force_sync or force_sync):
            return self.process_async(text, params)
        if self.app.async_mode:
            return self._on_own_loop(self.process_async(text, params))
        return self._carried(self.app.process(text, **self._turn(params)))

    async def process_async(
        self, text: str, params: Params | Mapping[str, Any] | None = None
    ) -> DialogueResponder:
        """Say something, and get the responder, without blocking the event loop."""
        return self._carried(await self.app.process_async(text, **self._turn(params)))

    def _turn(self, params: Params | Mapping[str, Any] | None) -> dict[str, Any]:
        given = params_of(params)
        members = _set_in(self.default_params) | _set_in(self.params) | _set_in(given)
        if isinstance(params, Mapping):  # which can also say that something is not to be set
            members |= {name: getattr(given, name) for name in params}
        return {
            "params": FrozenParams(**members),
            "context": self.context,
            "frame": self.frame,
            "history": self.history,
            "form": self.form,
            "verbose": self.verbose,
        }

    def _carried(self, responder: DialogueResponder) -> DialogueResponder:
        self.frame, self.history = responder.frame, responder.history
        self.form, self.params = responder.form, responder.params
        return responder

    def _on_own_loop(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        import asyncio  # noqa: PLC0415 - conversations with other applications need no event loop

        if in_event_loop():
            coroutine.close()
            raise HandlerSuspended("force_sync cannot wait inside a running event loop: await say_async(...)")
        if self._runner is None:
            self._runner = asyncio.Runner()
            self._end = weakref.finalize(self, _close, self._runner)
        return self._runner.run(coroutine)

    def close(self) -> None:
        """End the event loop that ``force_sync`` needed, if any."""
        if self._runner is not None:
            self._end()
            self._runner = None

    def __enter__(self) -> Self:
        """Close at the end of a ``with`` block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close."""
        self.close()


def _set_in(params: Params) -> dict[str, Any]:
    return {name: value for name in NAMES if (value := getattr(params, name))}


def _close(runner: asyncio.Runner) -> None:
    if in_event_loop():  # the garbage collector runs anywhere, and no loop can be run inside another
        runner.get_loop().close()
    else:
        runner.close()


def texts_of(responder: DialogueResponder) -> list[str]:
    """Give a text for each directive, as MindMeld's console does."""
    return [_text_of(directive) for directive in responder.directives]


def _text_of(directive: Mapping[str, Any]) -> str:
    name = directive.get("name")
    payload: Any = directive.get("payload")
    try:
        if name in (DirectiveNames.REPLY, DirectiveNames.SPEAK):
            return str(payload["text"])
        if name == DirectiveNames.SUGGESTIONS:
            offers = ", ".join(repr(_suggestion(each)) for each in payload)
            return f"Suggestion{'' if len(payload) == 1 else 's'}: {offers}"
        if name == DirectiveNames.LIST:
            return "\n".join(json.dumps(item, indent=4, sort_keys=True) for item in payload)
    except (KeyError, TypeError, AttributeError):
        return f"Unsupported response: {directive!r}"
    return {DirectiveNames.LISTEN: "Listening...", DirectiveNames.RESET: "Resetting..."}.get(str(name), "")


def _suggestion(suggestion: Mapping[str, Any] | str) -> str:
    if isinstance(suggestion, str):
        return suggestion
    kind = suggestion.get("type", "text")
    pieces = [suggestion["text"]] if "text" in suggestion else []
    return " ".join([*pieces, *([] if kind == "text" else [f"({kind})"])])
