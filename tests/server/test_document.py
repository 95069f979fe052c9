"""The contract as a server publishes it: limited to what it serves."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate
from tests.contract.openapi_schemas import contract, faults
from tests.server.conftest import Served, assert_problem

from mm_actions.contract import document
from mm_actions.server import ActionServer, BasicUsers, BearerTokens, SignedBodies
from mm_actions.server.door.document import document as document_of
from mm_actions.testing import ActionTester

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[[ActionServer], Served]


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Place(msgspec.Struct):
    street: str
    floor: int | None = None


def shop(**settings: Any) -> ActionServer:
    server = ActionServer(drain=0, **settings)

    @server.action("price_drink", intents=["ordering.price_order"], idempotent=True)
    def price_drink(request, responder, size: Size, names: list[str], place: Place, count: int = 1):
        """Price a drink."""
        responder.reply(f"{size} {names} {place.street} {count}")

    @server.action
    def greet(request, responder):
        responder.reply("Hello.")

    return server


def published(served: Served, **headers: str) -> dict[str, Any]:
    answer = served.get("/openapi.json", **headers)
    assert answer.status == 200, answer.body
    assert answer.media_type == "application/json"
    found: dict[str, Any] = answer.json
    validate(found)
    return found


def methods_of(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, methods in found["paths"].items() for method in methods}


def test_the_document_names_the_doors_that_are_there(serve: Serve) -> None:
    server = shop(paths=("/action", "/hooks/mindmeld"))
    served = serve(server)
    found = published(served)
    assert found["info"] == contract()["info"]
    assert methods_of(found) >= {
        ("POST", "/action"),
        ("POST", "/hooks/mindmeld"),
        ("GET", "/actions"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
    }
    for method, path in methods_of(found):
        asked = served.get(path) if method == "GET" else served.post({"action": "greet"}, path)
        assert asked.status == 200, path
    assert not {path for path in found["paths"] if path.startswith("/v2")}


def test_every_operation_has_a_name_of_its_own(serve: Serve) -> None:
    found = published(serve(shop()))
    names = [
        operation["operationId"] for methods in found["paths"].values() for operation in methods.values()
    ]
    assert len(names) == len(set(names)) > 5
    assert found["paths"]["/action"]["post"]["operationId"] == "invoke_action"
    assert found["paths"]["/v2/action"]["post"]["operationId"] == "invoke_action_at_v2_action"


def test_the_actions_are_named_each_with_an_example_that_it_takes(serve: Serve) -> None:
    server = shop()
    found = published(serve(server))
    assert found["components"]["schemas"]["Invocation"]["properties"]["action"]["enum"] == [
        "price_drink",
        "greet",
    ]
    body = found["components"]["requestBodies"]["Invocation"]["content"]["application/json"]
    tester = ActionTester(server)
    for example, name in zip(body["examples"].values(), ("price_drink", "greet"), strict=True):
        sent = example["value"]
        assert sent["action"] == name
        assert faults("Invocation", sent) == []
        assert tester.call(name, sent["request"], sent["responder"]).status == 200
    assert body["examples"]["action1"]["summary"] == "price_drink: Price a drink."


@pytest.mark.parametrize(
    "kind",
    [
        int,
        float,
        bool,
        list[int],
        tuple[str, int],
        dict[str, int],
        Literal["a", "b"],
        int | str,
        Annotated[dt.datetime, msgspec.Meta(tz=True)],
        dt.date,
        uuid.UUID,
        decimal.Decimal,
        Annotated[int, msgspec.Meta(ge=5, le=9)],
        Annotated[int, msgspec.Meta(gt=-9, lt=-5)],
        Annotated[int, msgspec.Meta(ge=10, multiple_of=5)],
        Annotated[str, msgspec.Meta(min_length=8)],
        Annotated[str, msgspec.Meta(max_length=2)],
        Annotated[list[Place], msgspec.Meta(min_length=2)],
    ],
    ids=str,
)
def test_an_argument_of_any_type_has_an_example_that_fits(kind: Any) -> None:
    server = ActionServer()

    def take(request, responder, wanted):
        responder.reply("Taken.")

    take.__annotations__["wanted"] = kind
    server.action("take")(take)
    described = document_of(
        root="",
        doors=server.asgi.doors,
        action_paths=server.options.paths,
        guards=(),
        actions=list(server.registry),
    )
    body = described["components"]["requestBodies"]["Invocation"]["content"]["application/json"]
    sent = body["examples"]["action1"]["value"]
    tested = ActionTester(server).call("take", sent["request"], sent["responder"])
    assert tested.texts == ["Taken."], (sent, tested.body)


def test_a_server_without_actions_is_described_as_well(serve: Serve) -> None:
    found = published(serve(ActionServer(drain=0)))
    assert "enum" not in found["components"]["schemas"]["Invocation"]["properties"]["action"]


def test_an_action_that_is_added_later_is_named(serve: Serve) -> None:
    server = shop()
    served = serve(server)
    first = served.get("/openapi.json")
    server.registry.add(lambda request, responder: None, "late")
    second = served.get("/openapi.json")
    assert "late" in published(served)["components"]["schemas"]["Invocation"]["properties"]["action"]["enum"]
    assert first.headers["etag"] != second.headers["etag"]


@pytest.mark.parametrize(
    ("guards", "schemes"),
    [
        ((), {}),
        ((BearerTokens("token"),), {"bearerAuth": []}),
        ((SignedBodies("secret"),), {"hmacSignature": []}),
        ((BasicUsers({"user": "password"}), SignedBodies("secret")), {"basicAuth": [], "hmacSignature": []}),
    ],
    ids=["open", "bearer", "signed", "both"],
)
def test_the_schemes_are_those_that_callers_need(
    serve: Serve, guards: tuple[Any, ...], schemes: dict[str, list[str]]
) -> None:
    found = published(serve(shop(guards=guards)))
    assert set(found["components"].get("securitySchemes", {})) == set(schemes)
    for path, methods in found["paths"].items():
        for operation in methods.values():
            open_to_all = path in {"/healthz", "/readyz"} or not schemes
            assert operation["security"] == ([] if open_to_all else [schemes])
            assert ("401" in operation["responses"]) == (not open_to_all)


def test_the_names_of_actions_are_for_those_who_may_call_them(serve: Serve) -> None:
    served = serve(shop(guards=(BearerTokens("token"),)))
    stranger = served.get("/openapi.json")
    assert b"price_drink" not in stranger.body
    assert "authorization" in stranger.headers["vary"]
    found = published(served, Authorization="Bearer token")
    assert "price_drink" in json.dumps(found)
    assert served.get("/openapi.json").body == stranger.body


def test_nothing_is_described_that_nothing_refers_to(serve: Serve) -> None:
    found = published(serve(shop()))
    text = json.dumps(found)
    for section, named in found["components"].items():
        if section != "securitySchemes":
            for name in named:
                assert f'"#/components/{section}/{name}"' in text
    assert "NotImplementedHere" not in text


def test_a_document_that_is_known_is_not_sent_again(serve: Serve) -> None:
    served = serve(shop())
    first = served.get("/openapi.json")
    again = served.get("/openapi.json", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "content-length" not in again.headers
    assert served.get("/openapi.json", If_None_Match='"other"').status == 200
    assert served.exchange("HEAD", "/openapi.json").status == 200


def test_the_document_can_be_left_out(serve: Serve) -> None:
    served = serve(shop(openapi=False))
    for path in ("/openapi.json", "/ui", "/ui/"):
        assert_problem(served.get(path), 404)


def test_the_contract_itself_is_not_changed(serve: Serve) -> None:
    published(serve(shop(guards=(BearerTokens("token"),))))
    assert document.contract() == contract()


def test_the_catalogue_holds_the_arguments_and_is_valid(serve: Serve) -> None:
    answer = serve(shop()).get("/actions")
    assert faults("ActionCatalogue", answer.json) == []
    price, greet = answer.json["actions"]
    assert price["schema"]["required"] == ["size", "names", "place"]
    assert price["schema"]["properties"]["count"]["type"] == "integer"
    assert "schema" not in greet


def test_requests_may_hold_nulls_and_answers_do_not(serve: Serve) -> None:
    found = published(serve(shop()))
    schemas = found["components"]["schemas"]
    answer = found["paths"]["/action"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/Responder"}
    for name in ("Responder", "Params", "Directive"):
        assert schemas[name] == contract()["components"]["schemas"][name]
    given = OAS30Validator({"$ref": "#/components/schemas/Invocation", "components": found["components"]})
    nulls = {
        "action": "greet",
        "request": {"entities": [{"span": None, "text": None}], "params": None, "history": None},
        "responder": {"directives": [{"name": None}], "frame": None, "slots": None, "params": None},
    }
    for payload in (nulls, {"action": "greet", "request": None, "responder": None}):
        assert list(given.iter_errors(payload)) == []
        assert serve(shop()).post(payload).status == 200
    for payload in ({"action": None}, {"action": "greet", "request": {"entities": [None]}}):
        assert list(given.iter_errors(payload))
        assert serve(shop()).post(payload).status == 400
