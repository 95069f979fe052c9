"""From what a front end sends to a Request and an empty Responder; from an answer to the next history."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mm_actions.core.earlier import earlier
from mm_actions.core.params import NAMES, FrozenParams, Params
from mm_actions.core.request import frozen_params
from mm_actions.errors import ConfigurationError, UnknownArgument

if TYPE_CHECKING:
    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder

#: Settings of a turn that an NLP may take: MindMeld's keyword arguments.
_OPTIONS = tuple(name for name in NAMES if name != "target_dialogue_state")


def understand(nlp: Any, text: str, params: Params, *, verbose: bool = False) -> dict[str, Any]:
    """Have an NLP process a text, with those settings of the turn that are set and that it takes.

    Raises:
        ConfigurationError: It gave no dict.
    """
    options = {name: value for name in _OPTIONS if (value := getattr(params, name))}
    if verbose:
        options["verbose"] = True
    if options:
        taken = inspect.signature(nlp.process).parameters
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
            options = {name: value for name, value in options.items() if name in taken}
    processed = nlp.process(text, **options)
    if not isinstance(processed, dict):
        raise ConfigurationError(
            f"{type(nlp).__name__}.process() gave {type(processed).__name__}, not a dict"
        )
    return processed


def make_request(request_class: type[Request], processed: Mapping[str, Any], **turn: Any) -> Request:
    """Make the Request of a turn; members that the class does not have are passed over."""
    known = {member.name for member in fields(request_class) if member.init}
    members = {**processed, **turn}
    return request_class(**{name: value for name, value in members.items() if name in known})


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


def add_to_history(responder: DialogueResponder, limit: int) -> None:
    """Put the turn in front of the history, without the history it had itself."""
    entry = dict(responder)
    del entry["history"]
    entry["request"].pop("history", None)
    for name in ("frame", "slots", "directives"):
        entry[name] = entry[name].copy()  # what happens to the responder from here on is another turn
    responder.history = [earlier(entry), *responder.history][:limit]


def params_of(params: Params | Mapping[str, Any] | None) -> FrozenParams:
    """Read a turn's params.

    Raises:
        UnknownArgument: A member is not known.
    """
    if isinstance(params, Mapping):
        for name in params:
            if name not in NAMES:
                raise UnknownArgument(f"params has the unknown member {name!r}; there are {', '.join(NAMES)}")
    return frozen_params(params)
