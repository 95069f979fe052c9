"""Starts the servers, and looks at what they answer."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.contract.openapi_schemas import faults
from tests.example_server.builds import ROOT
from tests.example_server.running import RunningServer
from tests.example_server.servers import start

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.example_server.running import Answer


@dataclass(frozen=True)
class Built:
    """A server that can be started."""

    language: str
    command: list[str | Path]

    @contextmanager
    def start(
        self, *options: str, env: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None
    ) -> Iterator[RunningServer]:
        """Start it on a free port, and give it as the tests of the Python server know it."""
        with start([*self.command, "--port", "0", *options], ROOT, env) as running:
            yield RunningServer(running.process, running.url, tls, running.errors)


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.body
    assert answer.media_type == "application/problem+json"
    assert faults("Problem", answer.json) == []
    assert answer.json["status"] == status
    assert isinstance(answer.json["title"], str)
    for trace in (b"goroutine", b".go", b".ts", b".js", b"    at ", b"/src/"):
        assert trace not in answer.body


def texts(answer: Answer) -> list[str]:
    return [each["payload"]["text"] for each in answer.json["directives"] if each["name"] == "reply"]
