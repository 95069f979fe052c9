"""Conversation: turn after turn with an application, carrying what MindMeld carries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mm_actions.application.loading import load_app
from mm_actions.application.turn import params_of
from mm_actions.core.params import NAMES, FrozenParams, Params
from mm_actions.core.responder import DirectiveNames
from mm_actions.errors import RegistrationError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from mm_actions.application.app import Application
    from mm_actions.core.responder import DialogueResponder


class Conversation:
    """Talks with an application.

    Args:
        app: The application.
        app_path: The application's folder, instead.
        nlp: Another NLP for the application.
        context: What the front end says of itself and its user, in each turn.
        default_params: Settings of the first turn.
        force_sync: With an application in async mode, give results instead of coroutines.

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
        self._default_params = params_of(default_params)
        self.reset()

    def reset(self) -> None:
        """Forget frame, history, form and params."""
        self.frame: dict[str, Any] = {}
        self.history: list[Mapping[str, Any]] = []
        self.form: Any = {}
        self.params: Params = self._default_params

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
        merged = {name: getattr(self.params, name) for name in NAMES}
        given = params_of(params)
        merged |= {name: value for name in NAMES if (value := getattr(given, name))}
        return {
            "params": FrozenParams(**merged),
            "context": self.context,
            "frame": self.frame,
            "history": self.history,
            "form": self.form,
        }

    def _carried(self, responder: DialogueResponder) -> DialogueResponder:
        self.frame, self.history = responder.frame, responder.history
        self.form, self.params = responder.form, responder.params
        return responder

    def _on_own_loop(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        import asyncio  # noqa: PLC0415 - conversations with other applications need no event loop

        if not hasattr(self, "_runner"):
            self._runner = asyncio.Runner()
        return self._runner.run(coroutine)

    def close(self) -> None:
        """End the event loop that ``force_sync`` needed, if any."""
        if hasattr(self, "_runner"):
            self._runner.close()
            del self._runner


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
