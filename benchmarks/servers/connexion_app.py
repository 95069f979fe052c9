"""connexion over the contract, with its validation, and one trivial operation."""

from __future__ import annotations

from typing import Any

import yaml
from connexion import AsyncApp

from benchmarks.process import ROOT
from benchmarks.servers.uvicorned import serve

_ANSWER = {
    "directives": [{"name": "reply", "payload": {"text": "Hello."}, "type": "view"}],
    "frame": {"greeted": True},
}


async def act(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:  # noqa: ARG001 - connexion's
    """Answer a POST."""
    return _ANSWER, 200, {"Content-Type": "application/json"}


def create_app() -> AsyncApp:
    """Make the application: the contract's POST /action alone."""
    contract = yaml.safe_load((ROOT / "openapi" / "custom_action.yaml").read_text())
    contract["paths"] = {"/action": contract["paths"]["/action"]}
    contract["paths"]["/action"]["post"]["operationId"] = "benchmarks.servers.connexion_app.act"
    app = AsyncApp(__name__)
    app.add_api(contract)
    return app


if __name__ == "__main__":
    serve(create_app())
