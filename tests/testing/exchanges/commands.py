"""Commands that listen, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 20.0


@dataclass
class Listening:
    """A command that said where it listens."""

    process: subprocess.Popen[str]
    line: str
    rest: str = ""
    log: str = ""

    @property
    def url(self) -> str:
        return self.line.split(" ")[2].rstrip(":").replace("https://127.0.0.1", "https://localhost")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Give the exit code."""
        self.process.send_signal(number)
        self.rest, self.log = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode


@contextmanager
def listening(*arguments: object, cwd: Path | None = None) -> Iterator[Listening]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MM_ACTIONS_")}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "mm_actions.cli", *map(str, arguments), "--port", "0"],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=kept,
    )
    try:
        line = process.stdout.readline().strip() if process.stdout else ""
        assert line.startswith("listening on http"), process.communicate(timeout=PATIENCE)
        yield Listening(process, line)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE)
