"""Runs the sample server as users do: in a process of its own, over real sockets."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


@dataclass
class RunningServer:
    """One process, and how to talk to it."""

    process: subprocess.Popen[str]
    url: str
    tls: ssl.SSLContext | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port
        return port

    def connect(self) -> http.client.HTTPConnection:
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.port, timeout=20, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def exchange(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = self.connect()
        try:
            return exchange_over(connection, method, path, body, headers)
        finally:
            connection.close()

    def post(self, body: Any, path: str = "/action", **headers: str) -> Answer:
        """Post a JSON value, or bytes as they are; header names with underscores for hyphens."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.exchange("POST", path, data, {**JSON, **given})


def exchange_over(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    connection.request(method, path, body=body, headers=dict(headers or {}))
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, found, response.read())


@contextmanager
def run_server(*arguments: str, tls: ssl.SSLContext | None = None) -> Iterator[RunningServer]:
    """Start `python -m example_server` on a free port, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "example_server", "--port", "0", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith(("PYTHONWARN", "COV"))},
    )
    assert process.stdout
    assert process.stderr
    errors: list[str] = []
    reader = threading.Thread(target=errors.extend, args=(process.stderr,), daemon=True)
    reader.start()
    # Ends a start that hangs; readline then sees the end of the pipe.
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline()
        watchdog.cancel()
        assert line.startswith("listening on "), f"the server did not start: {line!r} {errors}"
        yield RunningServer(process, line.removeprefix("listening on ").strip(), tls, errors)
    finally:
        watchdog.cancel()
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(5)
        process.stdout.close()
        process.stderr.close()
