"""The contract and its examples, loaded once, with a validator for each schema."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from openapi_schema_validator import OAS30Validator

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "openapi" / "custom_action.yaml"
EXAMPLES = ROOT / "openapi" / "examples"


@cache
def contract() -> dict[str, Any]:
    loaded = yaml.safe_load(CONTRACT.read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@cache
def validator(schema: str) -> Any:
    """Validates against one of `components/schemas`, with OpenAPI 3.0's nullable."""
    assert schema in contract()["components"]["schemas"]
    return OAS30Validator({"$ref": f"#/components/schemas/{schema}", "components": contract()["components"]})


def faults(schema: str, value: Any) -> list[str]:
    """What is wrong with a value; empty when it is valid."""
    return [
        f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator(schema).iter_errors(value)
    ]


def example_files() -> list[Path]:
    return sorted(EXAMPLES.glob("*.json"))


def tolerated_files() -> list[Path]:
    return sorted((EXAMPLES / "tolerated").glob("*.json"))


def load(path: Path) -> dict[str, Any]:
    case = json.loads(path.read_text("utf-8"))
    assert isinstance(case, dict)
    return case
