"""What it costs to begin: importing, in fresh processes, and what the core brings along."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from benchmarks.measure import Candidate, Table, Target, interleave

if TYPE_CHECKING:
    from benchmarks.options import Options

_OURS = "import mm_actions"
_PROGRAMS = {
    _OURS: "import mm_actions",
    "Python alone": "pass",
    "mm_actions with an action": (
        "import mm_actions; mm_actions.CustomAction('order', {'url': 'http://127.0.0.1:9/action'})"
    ),
    "mm_actions.server": "import mm_actions.server",
    "import requests": "import requests",
    "import aiohttp": "import aiohttp",
}
_BEFORE = """
import json, time
cpu, wall = time.process_time(), time.perf_counter()
"""
_AFTER = """
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
with open("/proc/self/status") as status:
    memory = int(status.read().partition("VmRSS:")[2].split()[0])
print(json.dumps({"cpu_ms": cpu * 1e3, "wall_ms": wall * 1e3, "memory_mb": memory / 1024}))
"""
_MOST_MS, _MOST_MB, _MOST_DISTRIBUTIONS = 80, 30, 12


def run(options: Options) -> list[Table]:
    """Measure imports, and count distributions."""
    with tempfile.TemporaryDirectory(prefix="mm_actions-bench-") as folder:
        imports = interleave(
            "Imports, each in a fresh process",
            [
                Candidate(name=name, run=partial(_fresh, program, folder))
                for name, program in _PROGRAMS.items()
            ],
            rounds=options.rounds,
            targets=[
                Target(candidate=_OURS, figure="cpu_ms", most=_MOST_MS),
                Target(candidate=_OURS, figure="memory_mb", most=_MOST_MB),
            ],
            note="Memory is that of the whole process.",
        )
    installed = interleave(
        "Distributions of an install without extras",
        [
            Candidate(name=name, run=partial(_distributions, name))
            for name in ("mm_actions", "requests", "aiohttp")
        ],
        rounds=1,
        targets=[Target(candidate="mm_actions", figure="distributions", most=_MOST_DISTRIBUTIONS)],
    )
    return [imports, installed]


def _fresh(program: str, compiled: str) -> dict[str, float]:
    """Import as an installed package is: compiled, which the first process does for those after it."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    code = f"{_BEFORE}{program}\n{_AFTER}"
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, env=environment
    ).stdout
    figures: dict[str, float] = json.loads(printed)
    return figures


def _distributions(name: str) -> dict[str, float]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        for line in metadata.requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    return {"distributions": len(found)}
