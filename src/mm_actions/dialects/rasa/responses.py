"""Responses, which is what Rasa calls that which is said, and directives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_actions.core.responder import DirectiveNames, DirectiveTypes
from mm_actions.dialects.rasa.wire import OBJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def _fresh_defaults() -> dict[str, Any]:
    return {
        "text": None,
        "buttons": [],
        "elements": [],
        "custom": {},
        "template": None,
        "response": None,
        "image": None,
        "attachment": None,
    }


DEFAULTS = _fresh_defaults()
"""The members that a response always has."""

UTTER, CUSTOM, IMAGE, ATTACHMENT, RESPONSE = "utter", "custom", "image", "attachment", "response"
_HOLDERS: dict[str, tuple[str, ...]] = {
    DirectiveNames.REPLY: ("text",),
    UTTER: ("response", "template"),
    IMAGE: ("image",),
    ATTACHMENT: ("attachment",),
    RESPONSE: (),
}
"""Directives whose payload holds members of a response under their own names, one of these among them."""
_WRAPPED = "directive"
"""The member of ``custom`` in which a directive goes to Rasa that Rasa has no words for."""


def directive_of_response(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Say a response as directives: one for what it shows, and one for its buttons."""
    said = {name: value for name, value in response.items() if not _is_default(name, value)}
    wrapped = _unwrapped(said)
    if wrapped is not None:
        return [wrapped]
    name = _name_of(said)
    if name == CUSTOM:
        return [_view(CUSTOM, said["custom"])]
    if name == DirectiveNames.LIST:
        return [_view(name, list(said["elements"]))]
    buttons = said.get("buttons")
    offers: list[dict[str, Any]] = []
    if isinstance(buttons, list):
        del said["buttons"]
        offers.append(_view(DirectiveNames.SUGGESTIONS, [_suggestion_of(button) for button in buttons]))
    if name == DirectiveNames.SUGGESTIONS:
        return offers
    if said.get("response") is not None:
        if "template" not in said:
            said["template"] = None
        elif said["template"] == said["response"]:
            del said["template"]
    return [_view(name, said), *offers]


def directives_of_responses(responses: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Say responses as directives.

    Suggestions belong to the text that they follow. Where buttons were a response of their own, the text
    before them says ``"buttons": []``, so that it takes none for its own.
    """
    directives: list[dict[str, Any]] = []
    for response in responses:
        new = directive_of_response(response)
        if new[0]["name"] == DirectiveNames.SUGGESTIONS and directives and _takes_buttons(directives[-1]):
            directives[-1] = directives[-1] | {"payload": directives[-1].get("payload", {}) | {"buttons": []}}
        directives += new
    return directives


def responses_of_directives(directives: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Say directives as responses; suggestions become the buttons of the text before them."""
    responses: list[dict[str, Any]] = []
    before: Mapping[str, Any] | None = None
    for directive in directives:
        response = _response_of(directive)
        offers = directive.get("name") == DirectiveNames.SUGGESTIONS and response["buttons"]
        if offers and before is not None and _takes_buttons(before):
            responses[-1]["buttons"] = response["buttons"]
        else:
            responses.append(response)
        before = directive
    return responses


def _response_of(directive: Mapping[str, Any]) -> dict[str, Any]:
    said = _held(directive)
    if said is None:
        said = _shown(directive)
    return _fresh_defaults() | ({"custom": {_WRAPPED: dict(directive)}} if said is None else said)


def _held(directive: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the members of a response that a directive holds under their own names; None if it holds none."""
    said = directive.get("payload") or {}
    if not _is_view(directive) or not isinstance(said, OBJECT):
        return None
    mains = _HOLDERS.get(directive.get("name", ""))
    if mains is None or (mains and [*map(said.get, mains)].count(None) == len(mains)):
        return None
    for member in said:  # without a generator, which takes longer than what it would look at
        if not isinstance(member, str):
            return None
    said = dict(said)
    if said.get("response") is not None:
        said.setdefault("template", said["response"])
    return said


def _shown(directive: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the one member of a response that a directive stands for; None if it stands for none."""
    name, payload = directive.get("name"), directive.get("payload")
    if not payload or not _is_view(directive):
        return None
    if name == CUSTOM:
        said = {"custom": payload}
        return said if _unwrapped(said) is None else None
    if isinstance(payload, list | tuple):
        if name == DirectiveNames.LIST:
            return {"elements": list(payload)}
        if name == DirectiveNames.SUGGESTIONS:
            return {"buttons": [_button_of(suggestion) for suggestion in payload]}
    return None


def _is_view(directive: Mapping[str, Any]) -> bool:
    return directive.get("type") == DirectiveTypes.VIEW and directive.keys() <= {"name", "type", "payload"}


def _name_of(said: Mapping[str, Any]) -> str:
    """Name the directive of a response by what it shows first."""
    if "text" in said:
        return DirectiveNames.REPLY
    if "response" in said or "template" in said:
        return UTTER
    if len(said) == 1:
        if said.get("custom"):
            return CUSTOM
        if said.get("elements") and isinstance(said["elements"], list):
            return DirectiveNames.LIST
        if said.get("buttons") and isinstance(said["buttons"], list):
            return DirectiveNames.SUGGESTIONS
    return next((name for name in (IMAGE, ATTACHMENT) if name in said), RESPONSE)


def _unwrapped(said: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the directive that a response carries for want of words, if it does."""
    custom = said.get("custom")
    if len(said) != 1 or not isinstance(custom, dict) or custom.keys() != {_WRAPPED}:
        return None
    directive = custom[_WRAPPED]
    if not isinstance(directive, dict) or not all(
        isinstance(directive.get(n, ""), str) for n in ("name", "type")
    ):
        return None
    kept = {name: value for name, value in _response_of(directive).items() if not _is_default(name, value)}
    return dict(directive) if kept == said else None


def _takes_buttons(directive: Mapping[str, Any]) -> bool:
    """Tell whether suggestions that follow are its buttons."""
    held = _held(directive)
    return held is not None and "buttons" not in held


def _suggestion_of(button: Any) -> dict[str, Any]:
    """Say a button as a suggestion, which keeps the button where it would not become the same again."""
    if isinstance(button, OBJECT):
        suggestion = {("text" if name == "title" else name): value for name, value in button.items()}
        suggestion = {"text": "", **suggestion, "type": suggestion.get("type", "text")}
    else:
        suggestion = {"text": str(button), "type": "text"}
    return suggestion if _button_of(suggestion) == button else suggestion | {"button": button}


def _button_of(suggestion: Any) -> Any:
    if not isinstance(suggestion, OBJECT):
        return {"title": str(suggestion), "payload": str(suggestion)}
    if "button" in suggestion:
        return suggestion["button"]
    button = {("title" if name == "text" else name): value for name, value in suggestion.items()}
    if button.get("type") == "text":
        del button["type"]
    button.setdefault("payload", button.get("title", ""))
    return button


def _view(name: str, payload: Any) -> dict[str, Any]:
    directive: dict[str, Any] = {"name": name, "type": DirectiveTypes.VIEW}
    if payload:
        directive["payload"] = payload
    return directive


def _is_default(name: str, value: Any) -> bool:
    return name in DEFAULTS and type(value) is type(DEFAULTS[name]) and value == DEFAULTS[name]
