"""What the generators are given is the contract, less what leads them astray."""

from __future__ import annotations

import json
import re

import pytest
from openapi_spec_validator import validate

from mm_actions.contract import document
from mm_actions.stubs import PROFILES, Profile, document_for

each_profile = pytest.mark.parametrize("profile", PROFILES)


@each_profile
def test_it_is_valid_openapi(profile: Profile) -> None:
    validate(document_for(profile))


def test_core_is_one_operation_and_full_is_all() -> None:
    assert list(document_for("core")["paths"]) == ["/action"]
    assert list(document_for("full")["paths"]) == list(document.contract()["paths"])


def test_core_has_no_schema_that_nothing_refers_to() -> None:
    core = document_for("core")
    assert "StreamEvent" not in core["components"]["schemas"]
    assert "StreamEvent" in document_for("full")["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(core)))
    assert used == set(core["components"]["schemas"])
    assert [tag["name"] for tag in core["tags"]] == ["actions"]


@each_profile
def test_schemas_have_the_members_of_the_contract(profile: Profile) -> None:
    real = document.contract()["components"]["schemas"]
    for name, schema in document_for(profile)["components"]["schemas"].items():
        assert list(schema["properties"]) == list(real[name]["properties"])
        assert schema.get("required") == real[name].get("required")


@each_profile
def test_what_leads_generators_astray_is_left_out(profile: Profile) -> None:
    lean = document_for(profile)
    text = json.dumps(lean)
    assert "nullable" not in text
    assert '"examples"' not in text
    assert "securitySchemes" not in text
    assert not [
        one for path in lean["paths"].values() for one in path.values() if "default" in one["responses"]
    ]
    headers = [each["schema"] for each in lean["components"]["parameters"].values()]
    assert headers == [{"type": "string"}] * len(headers)


def test_the_contract_itself_stays_as_it_is() -> None:
    before = json.dumps(document.contract())
    document_for("core")
    assert json.dumps(document.contract()) == before
