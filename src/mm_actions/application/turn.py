"""From what a front end sends to a Request and an empty Responder; from an answer to the next history."""

from __future__ import annotations

import inspect
from copy import deepcopy
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from mm_actions.core.params import FrozenParams, Params
from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder

MAX_HISTORY = 100
"""Turns of history that are kept, as in MindMeld."""

#: Settings of a turn that an NLP may take, MindMeld's keyword arguments.
_OPTIONS = ("allowed_intents", "locale", "language", "time_zone", "timestamp", "dynamic_resource")


def understand(nlp: Any, text: str, params: Params) -> dict[str, Any]:
    """Have an NLP process a text, with those settings of the turn that are set and that it takes.

    Raises:
        ConfigurationError: It gave no dict.
    """
    options = {name: value for name in _OPTIONS if (value := getattr(params, name))}
    if options:
        taken = inspect.signature(nlp.process).parameters
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
            options = {name: value for name, value in options.items() if name in taken}
    if getattr(nlp, "ready", True) is False and callable(getattr(nlp, "load", None)):
        nlp.load()
    processed = nlp.process(text, **options)
    if not isinstance(processed, dict):
        raise ConfigurationError(
            f"{type(nlp).__name__}.process() gave {type(processed).__name__}, not a dict"
        )
    return processed


def make_request(request_class: type[Request], processed: Mapping[str, Any], **turn: Any) -> Request:
    """Make the Request of a turn; members that the class does not have are passed over."""
    members = {**processed, **turn}
    if is_dataclass(request_class):
        known = {member.name for member in fields(request_class) if member.init}
        members = {name: value for name, value in members.items() if name in known}
    return request_class(**members)


def make_responder(responder_class: type[DialogueResponder], request: Request) -> DialogueResponder:
    """Make the Responder of a turn: it starts from the frame, which is copied, and nothing else."""
    return responder_class(
        frame=deepcopy(dict(request.frame)),
        params=Params(),
        history=request.history,
        slots={},
        request=request,
        directives=[],
        form={},
    )


def add_to_history(responder: DialogueResponder) -> None:
    """Put the turn in front of the history, without the history it had itself."""
    entry = dict(responder)
    del entry["history"]
    entry["request"].pop("history", None)
    responder.history = [entry, *responder.history][:MAX_HISTORY]


def params_of(params: Params | Mapping[str, Any] | None) -> FrozenParams:
    """Read a turn's params.

    Raises:
        UnknownArgument: A member is not known.
    """
    if isinstance(params, FrozenParams):
        return params
    if isinstance(params, Params):
        return FrozenParams(**{name: getattr(params, name) for name in Params.__slots__})
    return FrozenParams(**(params or {}))
