from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.example_server.running import run_server

from mm_actions.cli.program import run
from mm_actions.testing import Answer, CertificateAuthority, FaultServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.example_server.running import RunningServer


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        import json

        return json.loads(self.out)

    @property
    def documents(self) -> list[Any]:
        import json

        return [json.loads(line) for line in self.out.splitlines()]


class Terminal(io.StringIO):
    """An input at which a person sits."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to be in, and an environment without settings; modules from there are forgotten."""
    for name in tuple(os.environ):
        if name.startswith("MM_ACTIONS_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name, module in tuple(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def cli(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: Path
) -> Callable[..., Outcome]:
    """Run a command line in this process."""

    def command(*arguments: object, stdin: str = "", terminal: bool = False) -> Outcome:
        monkeypatch.setattr(sys, "stdin", (Terminal if terminal else io.StringIO)(stdin))
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err or code == 70 or terminal
        return Outcome(code, out, err)

    return command


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server that answers ``{}`` until a test has it play something else."""
    with FaultServer(Answer(json={})) as running:
        yield running


@pytest.fixture
def url(server: FaultServer) -> str:
    return f"{server.url}/action"


@pytest.fixture(scope="module")
def shop() -> Iterator[RunningServer]:
    """The sample server, in a process of its own."""
    with run_server() as running:
        yield running


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("certificates"))
