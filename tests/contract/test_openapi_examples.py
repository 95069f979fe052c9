from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.openapi_schemas import contract, example_files, faults, load, tolerated_files

if TYPE_CHECKING:
    from pathlib import Path

_MEMBERS = {"description", "request", "status", "headers", "answer", "merged", "sample_server"}
_APPENDED = ("allowed_intents", "allow_nlp", "deny_nlp")
_UPDATED = ("dynamic_resource",)


def _name(path: Path) -> str:
    return path.stem


every_example = pytest.mark.parametrize("path", example_files(), ids=_name)
every_file = pytest.mark.parametrize("path", [*example_files(), *tolerated_files()], ids=_name)


def _merge(responder: dict[str, Any], answer: dict[str, Any], *, merge: bool) -> dict[str, Any]:
    """The table of the contract, in the fewest words."""
    result = copy.deepcopy(responder)
    present = {name: value for name, value in answer.items() if value is not None}
    params = {name: value for name, value in present.pop("params", {}).items() if value is not None}
    for target, changes in ((result, present), (result["params"], params)):
        for name, value in changes.items():
            if merge and (name == "directives" or name in _APPENDED):
                target[name] = [*target[name], *value]
            elif merge and (name in {"frame", "slots"} or name in _UPDATED):
                target[name] = {**target[name], **value}
            else:
                target[name] = value
    return result


def test_there_is_an_example_for_every_case_the_contract_is_about() -> None:
    names = {path.stem for path in example_files()}
    assert names >= {
        "minimal",
        "full",
        "empty_request",
        "resolved_entities",
        "directives_of_every_shape",
        "timestamp_string",
        "timestamp_integer",
        "params_all_null",
        "params_partial",
        "unknown_members",
        "answer_empty_object",
        "answer_no_content",
        "merge_everything",
        "problem_400",
        "problem_404",
        "problem_422",
        "problem_rejected",
        "problem_500",
        "problem_503",
    }


@every_file
def test_an_example_has_the_documented_shape(path: Path) -> None:
    case = load(path)
    assert set(case) <= _MEMBERS
    assert case["description"].endswith(".")
    assert isinstance(case["status"], int)
    if "merged" in case:
        assert set(case["merged"]) == {"merge", "replace"}


@every_file
def test_the_request_of_an_example_is_valid(path: Path) -> None:
    assert faults("Invocation", load(path)["request"]) == []


@every_example
def test_the_answer_of_an_example_is_valid(path: Path) -> None:
    case = load(path)
    if "answer" in case:
        success = 200 <= case["status"] < 300
        assert faults("Responder" if success else "Problem", case["answer"]) == []
    else:
        assert case["status"] == 204


@pytest.mark.parametrize("path", tolerated_files(), ids=_name)
def test_the_answer_of_a_tolerated_example_is_not_valid(path: Path) -> None:
    assert faults("Responder", load(path)["answer"]) != []


def _for_every_client(path: Path) -> bool:
    case = load(path)
    return case["status"] == 200 and "MindMeld fails" not in case["description"]


@pytest.mark.parametrize("path", [path for path in example_files() if _for_every_client(path)], ids=_name)
def test_an_answer_does_not_break_stock_mindmeld_unless_its_description_says_so(path: Path) -> None:
    params = load(path)["answer"].get("params", {})
    assert set(params) <= set(contract()["components"]["schemas"]["Params"]["properties"])
    assert all(params.get(name, "absent") is not None for name in ("allowed_intents", "dynamic_resource"))


@pytest.mark.parametrize(
    "path", [path for path in (*example_files(), *tolerated_files()) if "merged" in load(path)], ids=_name
)
def test_what_is_merged_follows_the_table_of_the_contract(path: Path) -> None:
    case = load(path)
    responder, answer = case["request"]["responder"], case.get("answer", {})
    assert _merge(responder, answer, merge=True) == case["merged"]["merge"]
    assert _merge(responder, answer, merge=False) == case["merged"]["replace"]


@every_example
def test_an_answer_repeats_no_directive_it_was_sent(path: Path) -> None:
    case = load(path)
    sent = case["request"]["responder"]["directives"]
    assert [
        directive for directive in case.get("answer", {}).get("directives", []) if directive in sent
    ] == []


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"action": ""},
        {"action": 5},
        {"action": None},
        {"action": "a", "request": []},
        {"action": "a", "request": {"entities": {}}},
        {"action": "a", "responder": {"frame": None}},
        {"action": "a", "responder": {"directives": "reply"}},
        {"action": "a", "responder": {"params": {"allowed_intents": "a.b"}}},
        {"action": "a", "request": {"entities": [{"span": {"start": -1, "end": 2}}]}},
    ],
)
def test_a_body_of_another_shape_is_not_an_invocation(broken: dict[str, Any]) -> None:
    assert faults("Invocation", broken) != []
