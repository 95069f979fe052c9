"""A real action server of rasa_sdk, unchanged, in a process of its own.

``with rasa_sdk_server() as server`` starts one on the loopback with the actions of ``tests/rasa_actions``,
over HTTP or gRPC, plain or over TLS, and ends it. ``server.url`` is what a configuration of ours takes.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mm_actions.testing import CertificateFiles

ACTIONS = "rasa_actions"
TESTS = Path(__file__).parent
PATIENCE = 45.0
"""Seconds for a server to come up: it loads for several, and longer on a busy machine."""
_STARTS = 3
_PORTS = range(20000, 32000)


@dataclass(frozen=True, slots=True, kw_only=True)
class RasaSdkServer:
    """A server that is up."""

    scheme: str
    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        """What a configuration says of it."""
        path = "/webhook" if self.scheme.startswith("rasa+") else ""
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"


@contextlib.contextmanager
def rasa_sdk_server(
    module: str = ACTIONS,
    *,
    grpc: bool = False,
    certificate: CertificateFiles | None = None,
    client_ca: Path | None = None,
    folder: Path = TESTS,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RasaSdkServer]:
    """Start ``python -m rasa_sdk``, wait until it is healthy, and end it.

    Args:
        module: What ``--actions`` names.
        grpc: Speak gRPC instead of HTTP.
        certificate: What to show; then it speaks TLS.
        client_ca: Ask clients for a certificate of this authority (gRPC alone).
        folder: Where the module is looked for.
        environment: Variables beside those of this process.
    """
    options = ["--grpc"] if grpc else []
    if certificate is not None:
        options += ["--ssl-certificate", str(certificate.certificate)]
        options += ["--ssl-keyfile", str(certificate.private_key)]
    if client_ca is not None:
        options += ["--ssl-ca-file", str(client_ca)]
    scheme = ("grpc" if grpc else "rasa+http") + ("" if certificate is None else "s")
    variables = {**os.environ, "SANIC_HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1", **(environment or {})}
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        process, port = _start(module, options, folder, variables, log)
        try:
            yield RasaSdkServer(scheme=scheme, port=port, pid=process.pid, log=log)
        finally:
            _end(process)


def _start(
    module: str, options: list[str], folder: Path, variables: Mapping[str, str], log: Path
) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(_STARTS):
        port = _free_port()
        command = [sys.executable, "-m", "rasa_sdk", "--actions", module, "--port", str(port), *options]
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**variables, "PYTHONPATH": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Sanic's workers are ended with it, by its group
            )
        try:
            if _comes_up(process, port, options):
                return process, port
        except BaseException:
            _end(process)
            raise
        _end(process)
    raise AssertionError(f"rasa_sdk did not come up:\n{log.read_text(errors='replace')[-4000:]}")


def _free_port() -> int:
    """Give a port below those that the system hands out to connections of other tests."""
    for port in random.sample(_PORTS, 100):
        with socket.socket() as candidate, contextlib.suppress(OSError):
            candidate.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def _comes_up(process: subprocess.Popen[bytes], port: int, options: list[str]) -> bool:
    end = time.monotonic() + PATIENCE
    tick = threading.Event()
    while time.monotonic() < end and process.poll() is None:
        if _listens(port) if "--grpc" in options else _is_healthy(port, options):
            return True
        tick.wait(0.05)
    return False


def _listens(port: int) -> bool:
    """Tell whether there is a listener: a gRPC server listens when it serves."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _is_healthy(port: int, options: list[str]) -> bool:
    secure = "--ssl-certificate" in options
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whether it is up is the question, not who it is
    url = f"{'https' if secure else 'http'}://127.0.0.1:{port}/health"
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started, by its group; one that has just come up may not hear SIGTERM at all."""
    for sign, patience in ((signal.SIGTERM, 2), (signal.SIGKILL, 10)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    process.wait(10)
