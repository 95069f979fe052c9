"""What is measured runs in a process of its own; the test holds the server and reads the figures."""

import gc
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def run_child(module: str, **arguments: Any) -> Any:
    """Run a module of this folder with these arguments; give what it printed, read as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"faults_slow.{module}", json.dumps(arguments)],
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert not done.stderr, done.stderr[-4000:]
    return json.loads(done.stdout)


def main(program: Callable[..., Any]) -> None:
    """Be such a module."""
    logging.disable(logging.ERROR)
    gc.freeze()  # what was imported is not looked through again, which would be a pause of its own
    sys.stdout.write(json.dumps(program(**json.loads(sys.argv[1]))))


def memory(field: str) -> int:
    """Read ``VmRSS``, the memory in use, or ``VmHWM``, the most that was, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024


def descriptors() -> int:
    """Count the descriptors that are open."""
    return len(list(Path("/proc/self/fd").iterdir())) - 1
