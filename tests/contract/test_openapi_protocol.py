"""What docs/protocol.md says is what the contract says, and its example computes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from example_server.access import Access, sign
from tests.contract.openapi_schemas import ROOT, contract, faults

_PAGE = (ROOT / "docs" / "protocol.md").read_text("utf-8")


def _block(label: str) -> str:
    found = re.search(rf"```\w+ {label}\n(.*?)\n```", _PAGE, re.DOTALL)
    assert found, label
    return found[1]


def test_the_signature_of_the_worked_example_computes() -> None:
    header = _block("header")
    moment = re.search(r"t=(\d+)", header)
    assert moment
    secret, body = _block("secret"), _block("body").encode()
    assert header == f"X-MM-Signature: t={moment[1]},v1={sign(secret, moment[1], body)}"
    access = Access(secret=secret, now=lambda: float(moment[1]))
    access.check_signature({"x-mm-signature": header.partition(": ")[2]}, body)


def test_the_code_of_the_worked_example_gives_the_header() -> None:
    names: dict[str, Any] = {}
    exec(_block("signature"), names)
    value = names["signature"](_block("secret"), 1767225600, _block("body").encode())
    assert _block("header") == f"X-MM-Signature: {value}"


def test_the_body_of_the_worked_example_is_an_invocation() -> None:
    assert faults("Invocation", json.loads(_block("body"))) == []


def test_every_operation_and_header_of_the_contract_is_described() -> None:
    for path, methods in contract()["paths"].items():
        for method, operation in methods.items():
            assert f"| `{method.upper()} {path}` | {operation['x-mm-profile']} |" in _PAGE
    for parameter in contract()["components"]["parameters"].values():
        assert f"| `{parameter['name']}` |" in _PAGE


def test_every_problem_type_of_the_contract_is_in_the_table_with_its_status() -> None:
    kinds = {
        (example["value"]["status"], example["value"]["type"])
        for response in contract()["components"]["responses"].values()
        for content in response["content"].values()
        for example in content["examples"].values()
        if "urn:" in example["value"].get("type", "")
    }
    assert len(kinds) >= 10
    for status, kind in kinds:
        assert f"| {status} | `{kind}` |" in _PAGE


def test_the_tables_on_merging_agree() -> None:
    def rows(text: str) -> list[str]:
        table = text[text.index("| member |") :].partition("\n\n")[0]
        return [row.replace("`", "") for row in table.splitlines()]

    assert rows(_PAGE) == rows(contract()["info"]["description"])


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", _PAGE))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / "docs" / target).exists()
