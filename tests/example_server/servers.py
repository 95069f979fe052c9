"""Runs a server of any language as users do: a process of its own that says where it listens."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_LISTENING = "listening on "


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that listens.

    Attributes:
        url: Where: scheme, host and port, without a path.
        process: The process that was started.
        output: The lines of its standard output after the one that named the URL.
        errors: The lines of its standard error.
    """

    url: str
    process: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = 20) -> int:
        """Ask it to end, and give its exit code.

        Raises:
            subprocess.TimeoutExpired: It did not end within that many seconds.
        """
        self.process.send_signal(number)
        return self.process.wait(within)


@contextmanager
def start(
    command: Sequence[str | Path],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    *,
    within: float = 30,
) -> Iterator[Running]:
    """Start a server, wait until it prints ``listening on URL``, and end it afterwards.

    Args:
        command: The program and its arguments; it must be the server itself, not a program that starts
            one, since it is this process that is ended.
        cwd: Its working folder.
        env: Variables beside those of this process.
        within: How many seconds it may take until it listens.

    Raises:
        AssertionError: It ended, or did not listen in time; the message holds what it printed.
    """
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout
    assert process.stderr
    output: list[str] = []
    errors: list[str] = []
    readers = [threading.Thread(target=errors.extend, args=(process.stderr,), daemon=True)]
    # Ends a start that hangs: the lines below then end as well.
    watchdog = threading.Timer(within, process.kill)
    try:
        readers[0].start()
        watchdog.start()
        url = None
        for line in process.stdout:
            if line.startswith(_LISTENING):
                url = line.removeprefix(_LISTENING).strip()
                break
            output.append(line)
        watchdog.cancel()
        if url is None:
            readers[0].join(5)
            raise AssertionError(f"{command[0]} did not listen: {''.join([*output, *errors])}")
        output.clear()
        readers.append(threading.Thread(target=output.extend, args=(process.stdout,), daemon=True))
        readers[1].start()
        yield Running(url=url, process=process, output=output, errors=errors)
    finally:
        watchdog.cancel()
        _end(process)
        for reader in readers:
            reader.join(5)
        process.stdout.close()
        process.stderr.close()


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
