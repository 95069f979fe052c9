"""Arguments of a tool, found in a turn and made to fit its schema."""

from __future__ import annotations

from typing import Any

import pytest

from mm_actions.dialects.mcp.arguments import Turn, arguments_of
from mm_actions.dialects.mcp.conversion import Misfit, at_pointer, convert
from mm_actions.dialects.mcp.sources import Source
from mm_actions.errors import EncodingFailed


def turn(**members: Any) -> Turn:
    return Turn(**{"text": "", "entities": [], "slots": {}, "frame": {}, **members})


def schema(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def test_roles_go_before_types_and_slots_before_the_frame() -> None:
    found = arguments_of(
        "t",
        schema(a={"type": "string"}, b={"type": "string"}, c={"type": "string"}),
        turn(
            entities=[{"type": "a", "text": "by type"}, {"type": "x", "role": "a", "text": "by role"}],
            slots={"b": "slot", "a": "slot"},
            frame={"b": "frame", "c": "frame"},
        ),
        {},
    )
    assert found == {"a": "by role", "b": "slot", "c": "frame"}


def test_a_list_takes_every_entity_and_an_object_the_whole_value() -> None:
    value = {"cname": "tea", "id": 3}
    entities = [{"type": "drink", "text": "tea", "value": [value]}, {"type": "drink", "text": "milk"}]
    wanted = schema(drink={"type": "array", "items": {"type": "string"}})
    assert arguments_of("t", wanted, turn(entities=entities), {}) == {"drink": ["tea", "milk"]}
    assert arguments_of("t", schema(drink={"type": "object"}), turn(entities=entities), {}) == {
        "drink": value
    }


def test_an_entity_that_does_not_fit_by_its_value_may_fit_by_its_text() -> None:
    entities = [{"type": "count", "text": "2", "value": [{"cname": "two"}]}]
    assert arguments_of("t", schema(count={"type": "integer"}), turn(entities=entities), {}) == {"count": 2}


def test_an_optional_argument_that_nothing_fills_is_left_out() -> None:
    assert arguments_of("t", schema(a={"type": "string", "default": "x"}), turn(), {}) == {}


def test_all_that_is_missing_or_does_not_fit_is_named_at_once() -> None:
    wanted = schema("a", "b", "d", a={"type": "string"}, b={"type": ["integer", "null"]}, d=True)
    with pytest.raises(EncodingFailed) as failed:
        arguments_of("t", wanted, turn(slots={"b": "x"}), {"d": Source.parse("slot:e")})
    assert str(failed.value).count(";") == 2
    assert "'a' is missing" in str(failed.value)
    assert "'b' must be a whole number or null" in str(failed.value)
    assert "no value for slot:e" in str(failed.value)


def test_a_declared_argument_need_not_be_in_the_schema() -> None:
    assert arguments_of("t", {"type": "object"}, turn(), {"x": Source.parse({"value": [1]})}) == {"x": [1]}


@pytest.mark.parametrize("written", ["entity", "entity:", "word:x", 3, {"value": 1, "x": 2}, None])
def test_a_source_that_is_none_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="entity:"):
        Source.parse(written)


@pytest.mark.parametrize(
    ("value", "wanted", "made"),
    [
        ("3", {"type": "integer"}, 3),
        (3.0, {"type": "integer"}, 3),
        (" 2.5 ", {"type": "number"}, 2.5),
        ("Yes", {"type": "boolean"}, True),
        (3, {"type": "string"}, "3"),
        ("x", {"type": "array", "items": {"type": "string"}}, ["x"]),
        ("LARGE", {"enum": ["small", "large"]}, "large"),
        ("2", {"enum": [1, 2]}, 2),
        ("3", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "3"),
        ("x", {"anyOf": [{"type": "integer"}, {"type": "null"}, {"type": "string"}]}, "x"),
        ("3", {"type": ["null", "integer"]}, 3),
        ({"n": "3"}, {"$ref": "#/$defs/N"}, {"n": 3}),
        ("5", {"allOf": [{"type": "integer"}, {"minimum": 3}]}, 5),
        ("kept", True, "kept"),
        ("kept", {"$ref": "https://elsewhere.example/schema"}, "kept"),
        ("c", {"const": "c"}, "c"),
    ],
)
def test_values_are_made_to_fit(value: Any, wanted: Any, made: Any) -> None:
    root = {"$defs": {"N": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    found = convert(value, wanted, root)
    assert found == made
    assert type(found) is type(made)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", "integer"),
        (2.5, "integer"),
        (True, "integer"),
        ("NaN", "number"),
        ("maybe", "boolean"),
        ([1], "string"),
        ("x", "object"),
        ("x", "null"),
    ],
)
def test_what_cannot_fit_does_not(value: Any, kind: str) -> None:
    with pytest.raises(Misfit):
        convert(value, {"type": kind}, {})


def test_pointers_follow_rfc_6901() -> None:
    document = {"a/b": [{"~": 1}], "": 2}
    assert at_pointer(document, "/a~1b/0/~0") == 1
    assert at_pointer(document, "/") == 2
    assert at_pointer(document, "") is document
    for absent in ("/a~1b/1", "/x/y", "x", "/a~1b/-1"):
        assert at_pointer(document, absent) is None
