from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import msgspec
import pytest

from mm_actions.server import ActionServer
from mm_actions.testing.action_tester import ActionTester


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Place(msgspec.Struct):
    cname: str
    id: str | None = None


def tell(server: ActionServer, kind: Any, **default: Any) -> ActionTester:
    """Give a tester of an action that keeps its one argument, ``it``."""

    def action(request, responder, it):
        responder.frame["it"] = it

    action.__annotations__["it"] = kind
    if default:
        action.__defaults__ = (default["default"],)
    server.action("tell")(action)
    return ActionTester(server)


def entity(value: Any = None, **members: Any) -> dict[str, Any]:
    return {"entities": [{"text": "Text", "type": "it", "value": value, **members}]}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (str, [{"cname": "Kitchen", "id": "7"}], "Kitchen"),
        (str, [{"value": "2019-01-01", "grain": "day"}], "2019-01-01"),
        (str, {"value": "x"}, "x"),
        (str, None, "Text"),
        (str, [], "Text"),
        (int, [{"value": 3}], 3),
        (int, "3", 3),
        (float, 2, 2.0),
        (bool, "true", True),
        (Size, "small", "small"),
        (Literal["a", "b"], "b", "b"),
        (Place, [{"cname": "Kitchen", "id": "7"}], {"cname": "Kitchen", "id": "7"}),
        (dict[str, Any], [{"a": 1}], {"a": 1}),
        (int | None, 5, 5),
        (list[int], 5, [5]),
        (list[Place], [{"cname": "K"}], [{"cname": "K", "id": None}]),
    ],
)
def test_an_entity_is_converted_to_the_type(
    server: ActionServer, kind: Any, value: Any, expected: Any
) -> None:
    tested = tell(server, kind).call("tell", entity(value))
    assert tested.problem is None
    assert tested.frame["it"] == expected


def test_the_role_comes_before_the_type_the_slot_and_the_frame(server: ActionServer) -> None:
    tester = tell(server, str)
    request: dict[str, Any] = {
        "entities": [{"type": "it", "text": "by type"}, {"type": "x", "role": "it", "text": "by role"}],
        "frame": {"it": "by the request's frame"},
    }
    responder: dict[str, Any] = {"slots": {"it": "by slot"}, "frame": {"it": "by frame"}}
    found = []
    for change in (
        request["entities"].pop,
        request["entities"].pop,
        lambda: responder.pop("slots"),
        lambda: responder.pop("frame"),
        lambda: None,
    ):
        found.append(tester.call("tell", request, responder).frame.get("it"))
        change()
    # What the frame holds already does not travel back.
    assert found == ["by role", "by type", "by slot", None, "by the request's frame"]


def test_all_entities_of_the_name_fill_a_list(server: ActionServer) -> None:
    request = {"entities": [{"type": "it", "value": 1}, {"type": "x"}, {"type": "it", "text": "2"}]}
    assert tell(server, list[int]).call("tell", request).frame == {"it": [1, 2]}


def test_a_slot_may_hold_the_whole_list(server: ActionServer) -> None:
    assert tell(server, list[int]).call("tell", None, {"slots": {"it": [1, 2]}}).frame == {"it": [1, 2]}


def test_what_is_missing_is_named(server: ActionServer) -> None:
    tested = tell(server, Size).call("tell")
    assert tested.status == 422
    assert tested.problem is not None
    assert tested.problem.type == "urn:mm-actions:problem:invalid-argument"
    assert tested.problem.action == "tell"
    (error,) = tested.problem.errors or ()
    assert error.pointer == "/request/entities"
    assert error.detail is not None
    assert error.detail.startswith("'it' is missing")


def test_a_default_and_an_optional_type_stand_in(server: ActionServer) -> None:
    @server.action
    def defaults(request, responder, size: Size = Size.LARGE, count: int | None = 5):
        responder.frame.update(size=size, count=count)

    assert ActionTester(server).call("defaults").frame == {"size": "large", "count": 5}


@pytest.mark.parametrize(
    ("kind", "where", "pointer", "said"),
    [
        (Size, {"request": entity("huge-secret")}, "/request/entities/0/value", "one of small, large"),
        (
            Literal["a", 1],
            {"request": {"entities": [{"type": "it", "text": "huge-secret"}]}},
            "/request/entities/0/text",
            "one of a, 1",
        ),
        (int, {"responder": {"slots": {"it": "huge-secret"}}}, "/responder/slots/it", "a whole number"),
        (float, {"responder": {"frame": {"it": "huge-secret"}}}, "/responder/frame/it", "a number"),
        (Place, {"request": {"frame": {"it": "huge-secret"}}}, "/request/frame/it", "of the shape of Place"),
        (
            list[int],
            {"request": entity("huge-secret")},
            "/request/entities",
            "a list, each item a whole number",
        ),
    ],
)
def test_what_does_not_fit_is_pointed_at_and_not_quoted(
    server: ActionServer, kind: Any, where: dict[str, Any], pointer: str, said: str
) -> None:
    tested = tell(server, kind).call("tell", **where)
    assert tested.status == 422
    assert tested.problem is not None
    (error,) = tested.problem.errors or ()
    assert error.pointer == pointer
    assert error.detail == f"'it' must be {said}"
    assert b"secret" not in tested.body


def test_every_argument_that_is_wrong_is_named_at_once(server: ActionServer) -> None:
    @server.action
    def order(request, responder, size: Size, count: int):
        raise AssertionError("it is not reached")

    tested = ActionTester(server).call("order", {"entities": [{"type": "count", "text": "many"}]})
    assert tested.problem is not None
    details = [error.detail or "" for error in tested.problem.errors or ()]
    assert [detail.split()[0] for detail in details] == ["'size'", "'count'"]
