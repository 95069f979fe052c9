from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.contract.openapi_schemas import CONTRACT

if TYPE_CHECKING:
    from tests.example_server.running import RunningServer


def test_schemathesis_finds_nothing(server: RunningServer, tmp_path: Path) -> None:
    settings = Path(__file__).with_name("schemathesis.toml")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run", str(CONTRACT)]
    options = [
        "--url",
        server.url,
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "60",
        "--seed",
        "20260101",
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
    assert "Tested: 5" in done.stdout
    assert server.post({"action": "a"}).status == 200
