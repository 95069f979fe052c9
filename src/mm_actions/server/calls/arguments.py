"""Typed arguments of a handler: read from its signature once, filled from the turn at every call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from mm_actions.errors import RegistrationError
from mm_actions.server.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder

GIVEN = 2
"""The arguments that every handler has: the request and the responder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One typed argument.

    Attributes:
        name: Its name, and that of the entity type, role, slot or frame member that fills it.
        type: What the value is converted to.
        required: Whether the action cannot do without.
        many: Whether all entities of the name are taken, not the first alone.
        structured: Whether the value is an object, so that an entity's object is taken as it is.
        wanted: The type in words, for the caller.
    """

    name: str
    type: Any
    required: bool
    many: bool
    structured: bool
    wanted: str


def read_parameters(handler: Callable[..., Any], action: str) -> tuple[Parameter, ...]:
    """Read the typed arguments from a handler's signature.

    Raises:
        RegistrationError: It does not take a request and a responder, or an argument cannot be filled.
    """
    try:
        declared = list(inspect.signature(handler).parameters.values())
    except (TypeError, ValueError) as error:
        raise RegistrationError(f"the handler of action {action!r} has no readable signature") from error
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(declared) < GIVEN or any(parameter.kind not in positional for parameter in declared[:GIVEN]):
        raise RegistrationError(f"the handler of action {action!r} must begin with (request, responder)")
    return tuple(_parameter(parameter, handler, action) for parameter in declared[GIVEN:])


def fill(parameters: tuple[Parameter, ...], request: Request, responder: DialogueResponder) -> dict[str, Any]:
    """Find and convert the value of every argument.

    An entity whose role is the argument's name comes first, then one whose type it is, then the slot, then
    the frame.

    Raises:
        ActionError: 422, with a pointer for every argument that is missing or cannot be converted.
    """
    filled: dict[str, Any] = {}
    errors: list[dict[str, str]] = []
    for parameter in parameters:
        found = _found(parameter, request, responder)
        if found is None:
            if parameter.required:
                errors.append(
                    {
                        "pointer": "/request/entities",
                        "detail": f"{parameter.name!r} is missing: no entity, slot or frame has it",
                    }
                )
            continue
        pointer, alternatives = found
        for value in alternatives:
            try:
                filled[parameter.name] = msgspec.convert(value, parameter.type, strict=False)
                break
            except (msgspec.ValidationError, ValueError, TypeError, RecursionError):
                continue
        else:
            errors.append({"pointer": pointer, "detail": f"{parameter.name!r} must be {parameter.wanted}"})
    if errors:
        raise ActionError(
            422,
            "Invalid argument",
            "; ".join(error["detail"] for error in errors),
            kind="urn:mm-actions:problem:invalid-argument",
            errors=errors,
        )
    return filled


def schema_of(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """Describe the arguments as a JSON Schema of one object."""
    types = [parameter.type for parameter in parameters]
    schemas, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {parameter.name: found for parameter, found in zip(parameters, schemas, strict=True)},
        "required": [parameter.name for parameter in parameters if parameter.required],
    }
    if definitions:
        schema["$defs"] = definitions
    return schema


def _parameter(parameter: inspect.Parameter, handler: Callable[..., Any], action: str) -> Parameter:
    where = f"argument {parameter.name!r} of action {action!r}"
    if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
        raise RegistrationError(f"{where} stands for any number of arguments; name those that are wanted")
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        raise RegistrationError(f"{where} is positional-only; arguments are filled by their names")
    if parameter.annotation is inspect.Parameter.empty:
        raise RegistrationError(f"{where} has no type; write one, such as {parameter.name}: str")
    found = _resolved(parameter, handler, where)
    try:
        msgspec.json.schema_components([found])
        msgspec.json.Decoder(found)
    except (TypeError, ValueError) as error:
        raise RegistrationError(f"{where} has a type that nothing can be converted to: {error}") from error
    kinds = _alternatives(found)
    return Parameter(
        name=parameter.name,
        type=found,
        required=parameter.default is inspect.Parameter.empty and type(None) not in kinds,
        many=any(get_origin(kind) in _LISTS or kind in _LISTS for kind in kinds),
        structured=any(_is_structured(kind) for kind in kinds),
        wanted=_in_words(kinds),
    )


def _resolved(parameter: inspect.Parameter, handler: Callable[..., Any], where: str) -> Any:
    """Evaluate one annotation alone: others may name what only a type checker imports."""
    function = inspect.unwrap(handler)
    function = getattr(function, "func", function)  # of a functools.partial
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__globals__"):
        function = type(function).__call__  # of an object that is called like a function
    holder = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    try:
        hints = get_type_hints(holder, globalns=getattr(function, "__globals__", {}), include_extras=True)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        raise RegistrationError(
            f"{where} has the type {parameter.annotation!r}, which cannot be evaluated: {error}. "
            "Define the type at the top level of the module, outside `if TYPE_CHECKING`"
        ) from error
    return hints[parameter.name]


def _found(
    parameter: Parameter, request: Request, responder: DialogueResponder
) -> tuple[str, list[Any]] | None:
    """Give where a value was found, and the forms in which it may be converted, best first."""
    name = parameter.name
    for member in ("role", "type"):
        matches = [
            (position, entity)
            for position, entity in enumerate(request.entities)
            if entity.get(member) == name
        ]
        if not matches:
            continue
        if parameter.many:
            every = [next(_forms(entity, parameter), None) for _, entity in matches]
            return "/request/entities", [every, [entity.get("text") for _, entity in matches]]
        position, entity = matches[0]
        forms = list(_forms(entity, parameter))
        return f"/request/entities/{position}" + ("/value" if "value" in entity else "/text"), forms
    places: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("/responder/slots/", responder.slots),
        ("/responder/frame/", responder.frame),
        ("/request/frame/", request.frame),
    )
    for prefix, members in places:
        value = members.get(name)
        if value is not None:
            return prefix + name, [value]
    return None


def _forms(entity: Mapping[str, Any], parameter: Parameter) -> Iterator[Any]:
    """Give what an entity's value may mean: MindMeld sends a list of candidates, each an object."""
    value = entity.get("value")
    best = value[0] if isinstance(value, list) and value else value
    if parameter.structured and isinstance(best, Mapping):
        yield best
    if isinstance(best, Mapping):
        for member in ("value", "cname", "id"):
            if best.get(member) is not None:
                yield best[member]
    elif best is not None and not isinstance(best, list):
        yield best
    if entity.get("text") is not None:
        yield entity["text"]


def _alternatives(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) in (Union, UnionType):
        return get_args(kind)
    return (kind,)


def _is_structured(kind: Any) -> bool:
    if get_origin(kind) in _LISTS:
        return any(_is_structured(item) for inner in get_args(kind) for item in _alternatives(inner))
    if kind is Any or get_origin(kind) is dict or kind is dict:
        return True
    return isinstance(kind, type) and (
        issubclass(kind, msgspec.Struct)
        or hasattr(kind, "__dataclass_fields__")
        or hasattr(kind, "__total__")
    )


def _in_words(kinds: tuple[Any, ...]) -> str:
    return " or ".join(_in_word(kind) for kind in kinds if kind is not type(None)) or "null"


def _in_word(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(str(value) for value in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(member.value) for member in kind)
    if get_origin(kind) in _LISTS:
        inner = [item for argument in get_args(kind) for item in _alternatives(argument) if item is not ...]
        return "a list, each item " + _in_words(tuple(inner)) if inner else "a list"
    if isinstance(kind, type):
        return _WORDS.get(kind, f"of the shape of {kind.__name__}")
    return "of the declared type"


_LISTS = (list, tuple, set, frozenset)
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}
