from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate
from tests.contract.openapi_schemas import CONTRACT, contract, validator

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES_THAT_COLLIDE_IN_GENERATED_CODE = {"Data", "Request", "Response", "Error", "Object", "Action"}

_GENERATOR = "import sys, openapi_generator_cli as cli; sys.exit(cli.run(sys.argv[1:]).returncode)"


def _nodes(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield path, node
        for name, child in node.items():
            if name not in {"example", "examples", "value"} or path.endswith("/properties"):
                yield from _nodes(child, f"{path}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _nodes(child, f"{path}/{index}")


def test_the_contract_loads_with_a_plain_yaml_loader() -> None:
    loaded = contract()
    assert loaded["openapi"] == "3.0.3"
    assert loaded["info"]["version"] == "2.0.0"
    assert set(loaded["paths"]) == {"/action", "/action/stream", "/actions", "/healthz", "/readyz"}


def test_the_contract_is_valid_openapi() -> None:
    validate(contract())


def test_openapi_generator_finds_no_issue() -> None:
    if shutil.which("java") is None:
        message = "openapi-generator needs java on the PATH: install a JRE of version 11 or later"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    done = subprocess.run(
        [sys.executable, "-c", _GENERATOR, "validate", "-i", str(CONTRACT), "--recommend"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No validation issues detected" in done.stdout


def test_no_schema_refers_to_itself() -> None:
    """Recursion breaks connexion's /openapi.json, and Swagger UI with it."""
    schemas = contract()["components"]["schemas"]
    direct = {
        name: {
            str(node["$ref"]).rpartition("/")[2]
            for _, node in _nodes(schema)
            if isinstance(node.get("$ref"), str)
        }
        for name, schema in schemas.items()
    }

    def reached(name: str, seen: frozenset[str]) -> frozenset[str]:
        for target in direct[name] - seen:
            seen = reached(target, seen | {target})
        return seen

    assert [name for name in schemas if name in reached(name, frozenset())] == []


def test_every_integer_has_a_format_with_its_bounds() -> None:
    integers = [(path, node) for path, node in _nodes(contract()) if node.get("type") == "integer"]
    assert integers
    for path, node in integers:
        assert node.get("format") == "int32", path
        assert node["minimum"] >= 0, path
        assert node["maximum"] <= 2**31 - 1, path


def test_generators_get_no_construct_they_stumble_over() -> None:
    for path, node in _nodes(contract()):
        for keyword in ("oneOf", "anyOf", "allOf", "not", "discriminator"):
            assert keyword not in node, f"{path}: {keyword} makes stubs that do not compile"
        if not path.endswith("/properties"):
            assert "enum" not in node, f"{path}: a closed enum fails on values of a later version"
    assert contract()["security"] == []
    assert not set(contract()["components"]["schemas"]) & _NAMES_THAT_COLLIDE_IN_GENERATED_CODE


def test_header_parameters_are_strings() -> None:
    """connexion does not convert header values before it validates them."""
    for parameter in contract()["components"]["parameters"].values():
        assert parameter["in"] == "header"
        assert parameter["schema"]["type"] == "string"
        assert parameter["required"] is False


def test_each_operation_declares_one_media_type_a_status() -> None:
    """With two of them, connexion answers 500 to a plain dict."""
    for path, node in _nodes(contract()):
        if re.fullmatch(r".*/responses/\w+", path) and "content" in node:
            assert len(node["content"]) == 1, path


def test_every_failure_is_described_as_problem_json() -> None:
    responses = contract()["components"]["responses"]
    for operation in (item for methods in contract()["paths"].values() for item in methods.values()):
        assert "default" in operation["responses"]
        for status, response in operation["responses"].items():
            if status != "200":
                named = responses[response["$ref"].rpartition("/")[2]]
                assert list(named["content"]) == ["application/problem+json"]


def test_every_schema_and_operation_says_its_profile() -> None:
    loaded = contract()
    operations = {
        item["operationId"]: item["x-mm-profile"]
        for methods in loaded["paths"].values()
        for item in methods.values()
    }
    assert operations.pop("invoke_action") == "core"
    assert set(operations.values()) == {"optional"}
    assert {schema["x-mm-profile"] for schema in loaded["components"]["schemas"].values()} == {
        "core",
        "optional",
    }


def test_the_text_on_merging_names_every_member_of_an_answer() -> None:
    text = contract()["info"]["description"]
    schemas = contract()["components"]["schemas"]
    for name in schemas["Responder"]["properties"]:
        assert name in text
    for phrase in (
        "Merging, mm_actions.",
        "Merging, stock MindMeld.",
        '"no change"',
        "merge=False",
        "204",
    ):
        assert phrase in text


@pytest.mark.parametrize("example", ["MinimalInvocation", "FullInvocation"])
def test_the_invocations_inside_the_contract_are_valid(example: str) -> None:
    value = contract()["components"]["examples"][example]["value"]
    assert list(validator("Invocation").iter_errors(value)) == []


def test_the_answers_inside_the_contract_are_valid() -> None:
    reply = contract()["components"]["examples"]["Reply"]["value"]
    assert list(validator("Responder").iter_errors(reply)) == []
    for name, response in contract()["components"]["responses"].items():
        for media_type, content in response["content"].items():
            schema = "Problem" if "problem" in media_type else "Health"
            for example in content["examples"].values():
                assert list(validator(schema).iter_errors(example["value"])) == [], name


def test_examples_that_are_problems_name_the_status_they_stand_under() -> None:
    statuses = {
        response["$ref"].rpartition("/")[2]: status
        for methods in contract()["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if status.isdigit() and "$ref" in response
    }
    for name, status in statuses.items():
        for content in contract()["components"]["responses"][name]["content"].values():
            for example in content["examples"].values():
                assert example["value"].get("status") in {int(status), "pass"}
