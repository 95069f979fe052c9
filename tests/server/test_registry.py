from __future__ import annotations

import functools
from enum import Enum
from typing import Any

import pytest

from mm_actions.errors import RegistrationError
from mm_actions.server import ActionServer


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


def test_a_handler_is_returned_as_it_was(server: ActionServer) -> None:
    def order(request, responder):
        """Place an order."""

    assert server.action("place_order")(order) is order
    assert server.action(order) is order
    assert [entry.name for entry in server.catalogue()] == ["place_order", "order"]


def test_the_catalogue_tells_what_was_declared(server: ActionServer) -> None:
    @server.action(
        "place_order", intents=["order.place"], idempotent=True, timeout=3, deprecated=True, version="2"
    )
    def order(request, responder, size: Size, count: int = 1):
        """Place an order.

        At once.
        """

    (entry,) = server.catalogue()
    assert (entry.name, entry.description, entry.intents) == (
        "place_order",
        "Place an order.",
        ["order.place"],
    )
    assert (entry.idempotent, entry.timeout_ms, entry.deprecated, entry.version) == (True, 3000, True, "2")
    assert entry.schema is not None
    assert entry.schema["required"] == ["size"]
    assert entry.schema["properties"]["count"] == {"type": "integer"}
    assert entry.schema["$defs"]["Size"]["enum"] == ["large", "small"]


def test_a_name_is_taken_once(server: ActionServer) -> None:
    server.action("a")(lambda request, responder: None)
    with pytest.raises(RegistrationError, match=r"'a' has a handler already: .*test_registry"):
        server.action("a")(lambda request, responder: None)


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201, 5])
def test_a_name_is_something_that_can_be_read(server: ActionServer, name: Any) -> None:
    with pytest.raises(RegistrationError, match="printable"):
        server.action(name)(lambda request, responder: None)


def test_a_lambda_needs_a_name(server: ActionServer) -> None:
    with pytest.raises(RegistrationError, match="lambda"):
        server.action(lambda request, responder: None)


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (lambda: None, "must begin with"),
        (lambda request: None, "must begin with"),
        (lambda request, *rest: None, "must begin with"),
        (lambda request, responder, **rest: None, "any number"),
        (lambda request, responder, *rest: None, "any number"),
        (lambda request, responder, size: None, "'size' of action 'a' has no type"),
        (5, "not int"),
    ],
)
def test_a_handler_that_cannot_work_is_refused_when_it_is_declared(
    server: ActionServer, handler: Any, said: str
) -> None:
    with pytest.raises(RegistrationError, match=said):
        server.action("a")(handler)


def test_a_type_that_is_not_known_at_run_time_is_refused(server: ActionServer) -> None:
    def order(request, responder, size: Sizes):  # noqa: F821 - that is the point
        """Do nothing."""

    with pytest.raises(RegistrationError, match=r"'size' of action 'order'.*Sizes.*TYPE_CHECKING"):
        server.action(order)


def test_a_type_that_nothing_can_be_converted_to_is_refused(server: ActionServer) -> None:
    def order(request, responder, size: ActionServer | Size):
        """Do nothing."""

    with pytest.raises(RegistrationError, match="'size' of action 'order' has a type"):
        server.action(order)


@pytest.mark.parametrize(
    "arguments", [{"intents": "a.b"}, {"intents": [5]}, {"timeout": 0}, {"timeout": True}, {"timeout": "5"}]
)
def test_an_argument_that_cannot_work_is_refused(server: ActionServer, arguments: dict[str, Any]) -> None:
    with pytest.raises(RegistrationError):
        server.action("a", **arguments)(lambda request, responder: None)
    assert server.catalogue() == []


def test_methods_partials_and_callable_objects_are_handlers(server: ActionServer) -> None:
    class Shop:
        def order(self, request, responder, size: Size):
            """Order."""

        async def __call__(self, request, responder, size: Size):
            """Order."""

    def sized(size, request, responder, count: int):
        """Order."""

    server.action(Shop().order)
    server.action("shop")(Shop())
    server.action("sized")(functools.partial(sized, Size.SMALL))
    kinds = {action.name: action.asynchronous for action in server.registry}
    assert kinds == {"order": False, "shop": True, "sized": False}


def test_what_only_a_type_checker_imports_may_be_named_for_the_request(server: ActionServer) -> None:
    def order(request: Unknown, responder: Unknown, size: Size) -> Unknown:  # noqa: F821 - that is the point
        """Do nothing."""

    server.action(order)
    assert len(server.registry) == 1
