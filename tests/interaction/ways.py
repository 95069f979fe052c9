"""The ways to reach an action, and what serves the same actions at the other end of each."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MODULE = Path(__file__).with_name("actions.py")
DOORS = ("--rasa", "--grpc", "--grpc-port", "0", "--mcp")
PATIENCE = 30


class Hosts:
    """A server with every door, started when it is first asked for, and ended at the end of the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment = {"INTERACTION_FOLDER": str(folder)}
        self._stack = ExitStack()
        self._urls: dict[str, str] = {}

    def __enter__(self) -> Self:
        os.environ.update(self.environment)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def url(self, scheme: str) -> str:
        """Give the url at which the actions are served in another process."""
        if not self._urls:
            self._urls = self._start()
        return self._urls[scheme]

    def _start(self) -> dict[str, str]:
        command = [sys.executable, "-m", "mm_actions.cli", "serve", str(MODULE), "--port", "0", *DOORS]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=self._folder, text=True)
        self._stack.callback(self._end, process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"{command} said nothing and ended with {process.wait(PATIENCE)}"
        return {url.partition(":")[0]: url for url in line.split() if "://" in url}

    def _end(self, process: subprocess.Popen[str]) -> None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()


def _contract(hosts: Hosts) -> Mapping[str, Any]:
    return {"url": f"{hosts.url('http')}/action"}


def _rasa(hosts: Hosts) -> Mapping[str, Any]:
    return {"url": f"rasa+{hosts.url('http')}/webhook"}


def _grpc(hosts: Hosts) -> Mapping[str, Any]:
    return {"url": hosts.url("grpc")}


def _mcp(hosts: Hosts) -> Mapping[str, Any]:
    return {"url": f"mcp+{hosts.url('http')}/mcp", "mcp": {"turn": True}}


def _mcp_stdio(hosts: Hosts) -> Mapping[str, Any]:
    command = [sys.executable, "-m", "mm_actions.cli", "serve", str(MODULE), "--mcp-stdio"]
    return {"url": f"mcp+stdio:{shlex.join(command)}", "mcp": {"turn": True, "env": hosts.environment}}


def _python(hosts: Hosts) -> Mapping[str, Any]:
    return {"url": "python:tests.interaction.actions"}


def _strict(hosts: Hosts) -> Mapping[str, Any]:
    return {"url": "python:tests.interaction.actions", "python": {"strict": True}}


WAYS: dict[str, Callable[[Hosts], Mapping[str, Any]]] = {
    "contract": _contract,
    "rasa": _rasa,
    "grpc": _grpc,
    "mcp": _mcp,
    "mcp-stdio": _mcp_stdio,
    "python": _python,
    "python-strict": _strict,
}


def _closed_port() -> int:
    """Give a port of this machine at which nobody listens, because it is bound and not listened at."""
    return _TAKEN.getsockname()[1]


_TAKEN = socket.socket()
_TAKEN.bind(("127.0.0.1", 0))

ABSENT: dict[str, Callable[[Hosts], Mapping[str, Any]]] = {
    "contract": lambda _: {"url": f"http://127.0.0.1:{_closed_port()}/action"},
    "rasa": lambda _: {"url": f"rasa+http://127.0.0.1:{_closed_port()}/webhook"},
    "grpc": lambda _: {"url": f"grpc://127.0.0.1:{_closed_port()}"},
    "mcp": lambda _: {"url": f"mcp+http://127.0.0.1:{_closed_port()}/mcp"},
    "mcp-stdio": lambda _: {"url": "mcp+stdio:/nowhere/no-such-command"},
}
