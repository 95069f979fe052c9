"""`mm-actions serve` for Rasa assistants: what it is told, and what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions import ConfigurationError
from mm_actions.server.serving.settings import GRPC_PORT, serving_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome

    Cli = Callable[..., Outcome]

ROOT = Path(__file__).parents[2]
MODULE = """
from mm_actions.server import ActionServer
server = ActionServer()
server.action("hello")(lambda request, responder: None)
"""


def port_of(**given: Any) -> int | None:
    return serving_settings(environ={}, given=given).grpc_port


def test_grpc_is_served_when_it_or_its_port_is_asked_for(home: Path) -> None:
    assert port_of() is None
    assert port_of(grpc=True) == GRPC_PORT
    assert port_of(grpc=True, grpc_port=1) == 1
    assert port_of(grpc_port=0) == 0
    assert port_of(grpc=False, grpc_port=1) is None


def test_the_file_and_the_environment_say_it_as_well(home: Path) -> None:
    (home / "serve.yaml").write_text("rasa: true\ngrpc_port: 1\nbarge_in: 5", encoding="utf-8")
    settings = serving_settings(environ={"MM_ACTIONS_SERVE_GRPC_PORT": "2", "MM_ACTIONS_SERVE_HTTP": "false"})
    assert (settings.grpc_port, settings.http) == (2, False)
    assert settings.options == {"rasa": True, "barge_in": 5.0}


@pytest.mark.parametrize("port", [-1, 65_536, "x"])
def test_a_port_that_is_none_is_refused(home: Path, port: object) -> None:
    with pytest.raises(ConfigurationError, match="grpc_port"):
        port_of(grpc_port=port)


def test_with_neither_http_nor_grpc_there_is_nothing_to_serve(home: Path, cli: Cli) -> None:
    (home / "actions.py").write_text(MODULE, encoding="utf-8")
    outcome = cli("serve", "actions", "--no-http")
    assert outcome.code == 78
    assert "set grpc" in outcome.err


def test_a_check_names_the_doors_of_rasas_protocol(home: Path, cli: Cli) -> None:
    (home / "actions.py").write_text(MODULE, encoding="utf-8")
    outcome = cli("serve", "actions", "--rasa", "--grpc", "--check")
    assert outcome.code == 0, outcome.err
    assert "/webhook" in outcome.out
    assert "/health" in outcome.out
    assert "/webhook" not in cli("serve", "actions", "--check").out


def test_the_schema_of_the_file_knows_the_keys() -> None:
    schema = json.loads((ROOT / "docs" / "serve.schema.json").read_text(encoding="utf-8"))
    assert {"rasa", "grpc", "grpc_port", "http", "barge_in"} <= set(schema["properties"])
