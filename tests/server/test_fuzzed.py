"""schemathesis against a server and the document that it publishes."""

from __future__ import annotations

import re
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import Served

from mm_actions.server import ActionServer, BearerTokens

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = Path(__file__).parents[1] / "example_server" / "schemathesis.toml"


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


@pytest.mark.fuzz
@pytest.mark.parametrize("guarded", [False, True], ids=["open", "guarded"])
def test_schemathesis_finds_nothing(
    serve: Callable[[ActionServer], Served], guarded: bool, tmp_path: Path
) -> None:
    guards = (BearerTokens("token"),) if guarded else ()
    server = ActionServer(drain=0, guards=guards, paths=("/action",))

    @server.action(idempotent=True)
    def price_drink(request, responder, size: Size, count: int = 1):
        """Price a drink."""
        responder.frame["size"] = size
        responder.params.allowed_intents = (*responder.params.allowed_intents, "ordering.pay")
        responder.reply(f"{count} {size}")

    @server.action
    async def greet(request, responder):
        responder.slots["text"] = request.text
        responder.reply("Hello.")

    served = serve(server)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run"]
    options = [
        f"{served.url}/openapi.json",
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "40",
        "--seed",
        "20260101",
        *(["--header", "Authorization: Bearer token"] if guarded else []),
    ]
    quiet = ["--no-color", "--generation-database", "none", "--warnings", "off"]
    done = subprocess.run(
        [*command, *options, *quiet],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert counted, done.stdout[-2000:]
    assert int(counted[1]) == int(counted[2]) > 500
    operations = sum(len(methods) for methods in served.get("/openapi.json").json["paths"].values())
    assert f"Tested: {operations}" in done.stdout
    assert served.post({"action": "greet"}, Authorization="Bearer token").status == 200
