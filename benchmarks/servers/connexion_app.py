"""connexion over the contract, with its validation, and one trivial operation: ``async`` or ``flask``."""

from __future__ import annotations

import sys
from typing import Any

import yaml
from connexion import AsyncApp, FlaskApp

from benchmarks.process import ROOT
from benchmarks.servers.uvicorned import serve

_ANSWER = {
    "directives": [{"name": "reply", "payload": {"text": "Hello."}, "type": "view"}],
    "frame": {"greeted": True},
}


async def act(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:  # noqa: ARG001 - connexion's
    """Answer a POST."""
    return _ANSWER, 200, {"Content-Type": "application/json"}


def act_blocking(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:  # noqa: ARG001 - likewise
    """Answer a POST, as Flask has it."""
    return _ANSWER, 200, {"Content-Type": "application/json"}


def create_app(kind: str) -> AsyncApp | FlaskApp:
    """Make the application: the contract's POST /action alone."""
    contract = yaml.safe_load((ROOT / "openapi" / "custom_action.yaml").read_text())
    contract["paths"] = {"/action": contract["paths"]["/action"]}
    made, function = (FlaskApp, "act_blocking") if kind == "flask" else (AsyncApp, "act")
    contract["paths"]["/action"]["post"]["operationId"] = f"benchmarks.servers.connexion_app.{function}"
    app = made(__name__)
    app.add_api(contract)
    return app


if __name__ == "__main__":
    serve(create_app(sys.argv[1]))
