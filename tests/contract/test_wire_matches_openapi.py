"""The wire types and `openapi/custom_action.yaml` say the same, member by member."""

from pathlib import Path

import msgspec
import pytest
import yaml

from mm_actions.contract import wire

SCHEMAS = yaml.safe_load((Path(__file__).parents[2] / "openapi" / "custom_action.yaml").read_text())[
    "components"
]["schemas"]
TYPES = {
    name: kind
    for name, kind in vars(wire).items()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in (wire.Wire, wire.Answer)
}
JSON_TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "object": dict, "array": list}


def shape_of(schema):
    """Give the shape of a schema: a wire type's name, a JSON type, a list of a shape, or any."""
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    if schema.get("type") == "array":
        return [shape_of(schema["items"])]
    return JSON_TYPES[schema["type"]] if "type" in schema else "any"


def shape(hint):
    """Give the shape of a member's type; absent and null are the same everywhere."""
    kind = msgspec.inspect.type_info(hint)
    if isinstance(kind, msgspec.inspect.UnionType):
        kinds = [each for each in kind.types if not isinstance(each, msgspec.inspect.NoneType)]
        if len(kinds) > 1:  # a timestamp is a string or an integer: untyped in the contract
            return "any"
        kind = kinds[0]
    return inner_shape(kind)


def inner_shape(kind):
    if isinstance(kind, msgspec.inspect.StructType):
        return kind.cls.__name__
    if isinstance(kind, msgspec.inspect.ListType):
        return [inner_shape(kind.item_type)]
    if isinstance(kind, msgspec.inspect.DictType):
        return dict
    if isinstance(kind, msgspec.inspect.AnyType):
        return "any"
    return {
        msgspec.inspect.StrType: str,
        msgspec.inspect.IntType: int,
        msgspec.inspect.FloatType: float,
        msgspec.inspect.BoolType: bool,
    }[type(kind)]


def test_both_have_the_same_types():
    assert set(TYPES) == set(SCHEMAS)


@pytest.mark.parametrize("name", sorted(TYPES))
def test_both_have_the_same_members_of_the_same_shape(name):
    hints = {field.name: field.type for field in msgspec.structs.fields(TYPES[name])}
    assert {member: shape(hint) for member, hint in hints.items()} == {
        member: shape_of(schema) for member, schema in SCHEMAS[name]["properties"].items()
    }


@pytest.mark.parametrize("name", sorted(TYPES))
def test_both_require_the_same_members(name):
    required = {field.name for field in msgspec.structs.fields(TYPES[name]) if field.required}
    assert required == set(SCHEMAS[name].get("required", ()))


def test_the_client_reads_a_responder_with_directives_as_they_came():
    answer, responder = (
        {field.name: shape(field.type) for field in msgspec.structs.fields(kind)}
        for kind in (wire.Answer, wire.Responder)
    )
    assert answer | {"directives": ["Directive"]} == responder
