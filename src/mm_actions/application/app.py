"""Application: MindMeld's, with actions that live on servers."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.application.app_config import read_declarations
from mm_actions.application.failure import check_on_failure
from mm_actions.application.flow import DialogueFlow
from mm_actions.application.manager import DialogueManager
from mm_actions.application.registering import RegistersActions, unconfigured
from mm_actions.application.turn import add_to_history, make_request, make_responder, params_of, understand
from mm_actions.config import with_environment
from mm_actions.core.params import FrozenParams
from mm_actions.core.request import Request
from mm_actions.core.responder import DialogueResponder
from mm_actions.core.runtime import BLOCKING, Runtime, current, drive
from mm_actions.errors import CustomActionException, RegistrationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mm_actions.application.failure import OnFailure
    from mm_actions.application.manager import Handler, Step
    from mm_actions.config import Config, ConfigSource
    from mm_actions.core.params import Params

F = TypeVar("F", bound="Callable[..., Any]")
NO_PARAMS = FrozenParams()


class Application(RegistersActions):
    """A dialogue application.

    Args:
        import_name: The name of the application's module, usually ``__name__``; its folder is the
            application's.
        request_class: A subclass of Request.
        responder_class: A subclass of DialogueResponder.
        text_preparation_pipeline: Has ``preprocess(text)``, which a text passes before the NLP.
        async_mode: Turns and conversations are awaited; middleware is written ``async``.
        nlp: Has ``process(text) -> dict``, such as MindMeld's NaturalLanguageProcessor; None for an
            :class:`~mm_actions.ExamplesNlp` of the application's folder.
        on_failure: What answers the user when an action fails and its rule does not say; see
            :meth:`custom_action`.

    Attributes:
        custom_action_config: ``CUSTOM_ACTION_CONFIG`` of the application's config.py, or the path of its
            actions.yaml; may be set. ``MM_ACTIONS_*`` variables go before it, key by key.
        max_history: Turns of history that are kept: ``MAX_HISTORY_LEN`` of config.py, or 100.
    """

    def __init__(
        self,
        import_name: str,
        request_class: type[Request] | None = None,
        responder_class: type[DialogueResponder] | None = None,
        text_preparation_pipeline: Any = None,
        async_mode: bool = False,
        *,
        nlp: Any = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        if import_name not in sys.modules:
            raise RegistrationError(f"{import_name!r} is not an imported module: write Application(__name__)")
        file = getattr(sys.modules[import_name], "__file__", None)
        self.import_name = import_name
        self.app_path = None if file is None else os.path.dirname(os.path.abspath(file))  # noqa: PTH100, PTH120 - a str, as in MindMeld
        self.request_class = request_class or Request
        self.responder_class = responder_class or DialogueResponder
        self.text_preparation_pipeline = text_preparation_pipeline
        self.async_mode = async_mode
        self.nlp = nlp
        check_on_failure(on_failure)
        self.on_failure = on_failure
        declared = read_declarations(self._folder)
        self.custom_action_config: ConfigSource | None = declared.custom_action_config
        self.max_history = declared.max_history
        self.dialogue_manager = DialogueManager(async_mode=async_mode)
        self._nlp_lock = threading.Lock()

    @property
    def _folder(self) -> Path | None:
        return None if self.app_path is None else Path(self.app_path)

    # Rules

    def handle(self, **conditions: Any) -> Callable[[F], F]:
        """Register the decorated handler for the turns that fulfil the conditions.

        Args:
            conditions: ``domain``, ``intent``, ``has_entity``, ``has_entities``, ``targeted_only``,
                ``default``, and ``name`` for another state name than the function's.
        """
        return self.dialogue_manager.handle(**conditions)

    def add_dialogue_rule(self, name: str | None, handler: Handler | Step, **conditions: Any) -> None:
        """Register a handler; see :meth:`handle`."""
        self.dialogue_manager.add_dialogue_rule(name, handler, **conditions)

    def middleware(self, *functions: Callable[..., Any]) -> Any:
        """Wrap all handlers in the decorated ``middleware(request, responder, handler)``."""
        return self.dialogue_manager.middleware(*functions)

    def add_middleware(self, middleware: Callable[..., Any]) -> None:
        """Wrap all handlers; see :meth:`middleware`."""
        self.dialogue_manager.add_middleware(middleware)

    def dialogue_flow(self, **conditions: Any) -> Callable[[Callable[..., Any]], DialogueFlow]:
        """Make the decorated handler the entrance of a flow; the name it had is then the flow."""
        name = conditions.pop("name", None)

        def make(handler: Callable[..., Any]) -> DialogueFlow:
            return DialogueFlow(name or handler.__name__, handler, self, **conditions)

        return make

    reprocess = staticmethod(DialogueManager.reprocess)

    @property
    def action_config(self) -> Config:
        """Where the application's actions live: ``custom_action_config``, and ``MM_ACTIONS_*`` before it.

        For actions made by hand: ``CustomAction("greet", app.action_config)``.

        Raises:
            CustomActionException: Neither says so.
        """
        settings = self.declared_settings()
        if settings is None:
            raise unconfigured("custom actions")
        return settings

    def declared_settings(self) -> Config | None:
        """Give what :attr:`action_config` gives, or None."""
        return with_environment(self.custom_action_config)

    # Turns

    def process(
        self,
        request_or_text: Request | str,
        *,
        params: Params | Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        frame: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, Any]] | None = None,
        form: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        verbose: bool = False,
    ) -> DialogueResponder:
        """Answer a turn.

        Args:
            request_or_text: A text, which the NLP turns into a Request, or a Request, whose members the other
                arguments then replace.
            params: Settings of this turn.
            context: What the front end says of itself and its user.
            frame: What the application kept from the turn before.
            history: The responders of earlier turns, newest first.
            form: The entity form in progress.
            request_id: The front end's id of this turn; a turn that is repeated with the same id gives its
                actions the same idempotency keys.
            verbose: Ask an NLP that can be asked, such as MindMeld's, for confidences.

        Raises:
            HandlerSuspended: A handler needs an event loop: use :meth:`process_async`.
        """
        turn = _turn(params, context, frame, history, form, request_id)
        return drive(self._process(self._understood(request_or_text, turn, verbose), BLOCKING))

    async def process_async(
        self,
        request_or_text: Request | str,
        *,
        params: Params | Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        frame: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, Any]] | None = None,
        form: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        verbose: bool = False,
    ) -> DialogueResponder:
        """Answer a turn without blocking the event loop; otherwise as :meth:`process`."""
        turn = _turn(params, context, frame, history, form, request_id)
        return await self._process(self._understood(request_or_text, turn, verbose), current())

    async def _process(self, request: Request, runtime: Runtime) -> DialogueResponder:
        responder = make_responder(self.responder_class, request)
        target = request.params.target_dialogue_state
        responder = await self.dialogue_manager.apply_handler(request, responder, runtime, target)
        add_to_history(responder, self.max_history)
        return responder

    def _understood(self, source: Request | str, turn: dict[str, Any], verbose: bool) -> Request:
        if "params" in turn:
            turn["params"] = params_of(turn["params"])
        if isinstance(source, str):
            pipeline = self.text_preparation_pipeline
            text = source if pipeline is None else pipeline.preprocess(source)
            params = turn.setdefault("params", NO_PARAMS)
            processed = understand(self._ready_nlp(), text, params, verbose=verbose)
            return make_request(self.request_class, processed, **turn)
        if is_dataclass(source) and not isinstance(source, type):
            return replace(source, **turn) if turn else source
        raise TypeError(f"process() takes a text or a Request, not {type(source).__name__}")

    def _ready_nlp(self) -> Any:
        with self._nlp_lock:  # the first turns may come at once, on several threads
            if self.nlp is None:
                self.nlp = self._examples_nlp()
            if getattr(self.nlp, "ready", True) is False and callable(getattr(self.nlp, "load", None)):
                self.nlp.load()
            return self.nlp

    def _examples_nlp(self) -> Any:
        from mm_actions.nlp import ExamplesNlp  # noqa: PLC0415 - needs the nlp extra

        if self._folder is None or not (self._folder / "domains").is_dir():
            raise CustomActionException(
                f"{self.import_name} has no NLP: pass nlp=, or write training sentences in "
                "domains/<domain>/<intent>/train.txt beside the app, or process a Request"
            )
        return ExamplesNlp(self._folder)


def _turn(*members: Any) -> dict[str, Any]:
    names = ("params", "context", "frame", "history", "form", "request_id")
    return {name: value for name, value in zip(names, members, strict=True) if value is not None}
