"""The sample actions as what they are: functions from an invocation to an answer."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from example_server.actions import ACTIONS, carry_out, catalogue
from example_server.problems import RefusedError
from example_server.shop import MENU, STORES, dollars, find_item, find_store
from example_server.turn import Turn
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.openapi_schemas import faults


def _entity(type_: str, text: str, value: Any = None) -> dict[str, Any]:
    return {"type": type_, "text": text, "value": value}


def _play(
    action: str,
    *entities: dict[str, Any],
    frame: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
) -> dict[str, Any]:
    request = {"entities": list(entities), "frame": frame or {}, "context": context or {}}
    answer = carry_out(Turn(invocation={"action": action, "request": request}))
    assert faults("Responder", answer) == []
    return answer


def _said(answer: dict[str, Any]) -> str:
    return " ".join(
        directive["payload"]["text"] for directive in answer["directives"] if directive["name"] == "reply"
    )


def test_an_order_grows_in_the_frame_from_turn_to_turn() -> None:
    store = _entity("store_name", "the mill", [{"cname": "Old Mill", "id": "3"}])
    frame = _play("start_order", store)["frame"]
    assert frame == {"order": {"status": "open", "items": [], "total": 0.0, "store": "Old Mill"}}

    two = _entity("sys_number", "two", [{"value": 2}])
    large = _entity("size", "large", [{"cname": "large", "id": "L"}])
    latte = _entity("drink", "lattes", [{"cname": "latte", "id": "latte"}])
    oat = _entity("milk", "oat", [{"cname": "oat milk", "id": "oat"}])
    added = _play("add_to_order", two, large, latte, oat, frame=frame)
    assert _said(added) == "I added 2 large lattes with oat milk. Your order has 2 items."
    assert added["slots"]["total"] == "$10.70"

    frame = _play("add_to_order", _entity("drink", "a mocha", [{"cname": "mocha"}]), frame=added["frame"])[
        "frame"
    ]
    assert [line["item"] for line in frame["order"]["items"]] == ["latte", "mocha"]
    assert _said(_play("price_order", frame=frame)) == "That makes $15.45."

    confirmed = _play("confirm_order", frame=frame)
    assert confirmed["frame"]["order"]["status"] == "confirmed"
    assert _said(confirmed) == "Your order of $15.45 is confirmed. Pick it up at Old Mill in ten minutes."


def test_the_price_comes_from_the_menu_and_not_from_the_frame() -> None:
    frame = {
        "order": {"items": [{"item": "latte", "size": "large", "quantity": 1, "price": 0.01}], "total": 0.01}
    }
    assert _play("price_order", frame=frame)["slots"] == {"total": "$4.75"}


def test_the_price_of_something_is_told_while_the_order_is_empty() -> None:
    drink, size = (
        _entity("drink", "mocha", [{"cname": "mocha"}]),
        _entity("size", "small", [{"cname": "small"}]),
    )
    assert _said(_play("price_order", drink, size)) == "1 small mocha would be $4.25."
    assert _said(_play("price_order")) == "Your order is empty."


def test_what_is_not_on_the_menu_is_not_ordered() -> None:
    answer = _play("add_to_order", _entity("drink", "petrol"))
    assert _said(answer) == "I am sorry, that is not on our menu."
    assert answer["frame"] == {}


@pytest.mark.parametrize(
    ("value", "count"), [(0, 1), (-3, 1), (2.9, 2), (10**400, 50), (True, 1), ("7", 7), ("x", 1)]
)
def test_a_quantity_stays_within_reason(value: Any, count: int) -> None:
    answer = _play(
        "add_to_order", _entity("drink", "latte"), _entity("sys_number", "some", [{"value": value}])
    )
    assert answer["slots"]["quantity"] == count


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-01-03T09:00:00.000-08:00", "Old Mill is open on Saturday at 09:00"),
        ("2026-01-05T07:00:00-08:00", "Old Mill is closed on Monday at 07:00"),
        ("2026-01-05T17:00:00", "Old Mill is closed on Monday at 17:00"),
        ("whenever", "Old Mill is open 08:00 to 17:00 on weekdays"),
    ],
)
def test_opening_hours_are_told_for_the_time_asked_about(moment: str, said: str) -> None:
    store = _entity("store_name", "mill", [{"cname": "Old Mill"}])
    answer = _play(
        "get_store_hours", store, _entity("sys_time", "then", [{"value": moment, "grain": "hour"}])
    )
    assert _said(answer).startswith(said)
    assert answer["frame"] == {"store": "Old Mill"}


def test_the_store_of_the_conversation_is_the_one_meant_when_none_is_named() -> None:
    assert _play("get_store_hours", frame={"store": "Harbour View"})["slots"]["store"] == "Harbour View"
    assert _said(_play("get_store_hours")) == "Which store do you mean?"


def test_what_an_earlier_action_of_the_turn_set_counts_more_than_the_frame_before_it() -> None:
    invocation = {
        "action": "get_store_hours",
        "request": {"frame": {"store": "Old Mill"}},
        "responder": {"frame": {"store": "Tannery Lane"}},
    }
    assert carry_out(Turn(invocation=invocation))["slots"]["store"] == "Tannery Lane"


def test_the_nearest_store_is_found_and_kept() -> None:
    answer = _play("find_nearest_store")
    assert _said(answer) == "The nearest store is Lantern Street, 0.4 miles away."
    assert answer["frame"] == {"store": "Lantern Street"}
    assert set(answer["params"]["dynamic_resource"]["gazetteers"]["store_name"]) == {
        store.name for store in STORES
    }


def test_stores_are_shown_as_a_list_with_suggestions() -> None:
    reply, listed, suggested = _play("list_stores")["directives"]
    assert reply["payload"] == {"text": f"We have {len(STORES)} stores."}
    assert [item["title"] for item in listed["payload"]] == [store.name for store in STORES]
    assert listed["type"] == suggested["type"] == "view"
    assert suggested["name"] == "suggestions"


def test_asking_for_a_store_steers_the_next_turn() -> None:
    params = _play("find_store")["params"]
    assert params["target_dialogue_state"] == "get_store_hours"
    assert "store_info.get_store_hours" in params["allowed_intents"]
    assert _play("find_store", context={"next_state": "ask"})["params"]["target_dialogue_state"] == "ask"


def test_settings_of_the_session_are_set_through_params() -> None:
    opened = _play("open_session", context={"user": {"id": "u-1"}})
    assert _said(opened) == "Hello Bo, welcome to the coffee shop."
    assert opened["params"] == {"language": "en", "locale": "en_US", "time_zone": "America/Los_Angeles"}
    assert _said(_play("open_session", context={"user": {"name": "Cy"}})).startswith("Hello Cy,")
    zone = _entity("time_zone", "Rome", [{"cname": "Europe/Rome"}])
    assert _play("set_time_zone", zone)["params"] == {"time_zone": "Europe/Rome"}
    spanish = _entity("language", "Spanish")
    assert _play("set_language", spanish)["params"] == {"language": "es", "locale": "es_MX"}


def test_members_are_known_by_their_id() -> None:
    assert _play("loyalty_points", context={"user": {"id": "u-1"}})["slots"] == {"name": "Bo", "points": 120}
    assert _play("loyalty_points")["slots"] == {"points": 0}
    assert _play("recommend_drink", context={"user": {"id": "u-2"}})["slots"] == {"drink": "earl grey"}
    assert _play("recommend_drink", _entity("taste", "something cold", "cold"))["slots"] == {"drink": "latte"}
    assert _play("recommend_drink", _entity("taste", "cold"))["slots"] == {"drink": "cold brew"}


def test_stock_differs_from_store_to_store() -> None:
    scone = _entity("item", "scone")
    assert _play("check_stock", scone)["slots"]["available"] is True
    sold_out = _play("check_stock", scone, _entity("store_name", "Juniper Square"))
    assert _said(sold_out) == "Juniper Square is out of scone."
    assert _said(_play("check_stock", frame={"store": "Old Mill"})) == "Old Mill has everything on the menu."


@pytest.mark.parametrize(
    ("action", "frame", "status"),
    [
        ("fail", {}, 500),
        ("refuse", {}, 422),
        ("charge_card", {}, 422),
        ("charge_card", {"order": {"items": ["latte"]}}, 503),
    ],
)
def test_failing_actions_fail_with_their_status(action: str, frame: dict[str, Any], status: int) -> None:
    with pytest.raises(RefusedError) as refused:
        _play(action, frame=frame)
    assert refused.value.problem.status == status
    assert faults("Problem", json.loads(refused.value.problem.body())) == []


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(250, 0.25), (-1, 0.0), (10**400, 30.0), (90_000, 30.0), (None, 1.0), ("5", 1.0), (True, 1.0)],
)
def test_a_slow_action_waits_as_long_as_it_is_asked_but_never_longer_than_half_a_minute(
    asked: Any, seconds: float
) -> None:
    waits: list[float] = []
    request = {"context": {"delay_ms": asked}}
    answer = carry_out(Turn(invocation={"action": "slow", "request": request}, pause=waits.append))
    assert waits == [seconds]
    assert _said(answer) == f"That took {round(seconds * 1000)} ms."


def test_the_menu_and_the_stores_have_no_name_twice() -> None:
    for store in STORES:
        assert find_store(store.name.upper()) is store
        assert all(find_store(alias) is store for alias in store.aliases)
    for item in MENU:
        assert find_item(item.name) is item
        assert all(find_item(alias) is item for alias in item.aliases)
    assert dollars(1070) == "$10.70"


def test_the_catalogue_says_which_actions_may_be_repeated() -> None:
    listed = {action["name"]: action for action in catalogue()["actions"]}
    assert set(listed) == set(ACTIONS)
    assert [name for name, action in listed.items() if not action["idempotent"]] == ["charge_card"]
    assert listed["slow"]["timeout_ms"] == 30_000


_NAMES = st.sampled_from(
    ["order", "items", "item", "quantity", "size", "store", "user", "id", "delay_ms", "value", "cname"]
)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)
_OBJECT = st.dictionaries(_NAMES, _JSON, max_size=3)
_TYPES = st.sampled_from(
    ["drink", "store_name", "size", "sys_number", "sys_time", "milk", "language", "taste"]
)
_ENTITY = st.fixed_dictionaries(
    {"type": _TYPES}, optional={"text": st.sampled_from(["latte", "", "mill"]), "value": _JSON}
)


@given(
    action=st.sampled_from([*ACTIONS, "anything"]),
    entities=st.lists(_ENTITY, max_size=4),
    frame=_OBJECT,
    context=_OBJECT,
    timestamp=_JSON,
)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_no_frame_context_or_entity_value_makes_an_action_stumble(
    action: str, entities: list[Any], frame: dict[str, Any], context: dict[str, Any], timestamp: Any
) -> None:
    invocation = {
        "action": action,
        "request": {"entities": entities, "frame": frame, "context": context},
        "responder": {"params": {"timestamp": timestamp, "language": "en"}},
    }
    before = copy.deepcopy(invocation)
    if action in {"fail", "refuse", "charge_card"}:
        with pytest.raises(RefusedError) as refused:
            carry_out(Turn(invocation=invocation))
        assert faults("Problem", refused.value.problem.members()) == []
    else:
        answer = carry_out(Turn(invocation=invocation))
        assert faults("Responder", answer) == []
        json.dumps(answer, allow_nan=False)
    assert invocation == before
