"""A short soak; `make soak` is a long one."""

import sys
from pathlib import Path
from subprocess import run


def test_a_soak_leaves_nothing_behind(show):
    done = run(
        [sys.executable, "-m", "faults_slow.soak", "--seconds", "60"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    show(done.stdout)
    assert done.returncode == 0, done.stderr[-4000:]
