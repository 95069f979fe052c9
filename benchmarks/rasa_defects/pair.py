"""The two servers, each over HTTP and over gRPC."""

from __future__ import annotations

import os
import random
import socket
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.process import Process, python, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

BARGE_IN = 1.0
"""Seconds that an action has after it was interrupted, for both."""
_ENVIRONMENT = {
    "SANIC_HOST": "127.0.0.1",
    "ACTION_SERVER_STREAM_BARGE_IN_TIMEOUT_SECONDS": str(int(BARGE_IN)),
}
_ACTIONS = "benchmarks.rasa_defects.actions"
_PORTS = range(20_000, 32_000)
"""Below those that the system hands out, so that no connection takes one meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One of them.

    Attributes:
        name: What it is called in tables.
        http: The process that speaks HTTP.
        http_port: Where.
        grpc: The process that speaks gRPC; of ours, the same.
        grpc_port: Where.
    """

    name: str
    http: Process
    http_port: int
    grpc: Process
    grpc_port: int


@contextmanager
def both() -> Iterator[tuple[Served, Served]]:
    """Start rasa_sdk's server, twice as it speaks one protocol at a time, and ours; end them afterwards."""
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    os.environ.update(_ENVIRONMENT)
    try:
        with ExitStack() as stack:
            http, grpc, our_http, our_grpc = (_free_port() for _ in range(4))
            theirs = [sys.executable, "-m", "rasa_sdk", "--quiet", "--actions", _ACTIONS, "--port"]
            ours = stack.enter_context(
                serving(python("benchmarks.rasa_defects.ours", str(our_http), str(our_grpc)), port=our_http)
            )
            yield (
                Served(
                    name="rasa_sdk",
                    http=stack.enter_context(serving([*theirs, str(http)], port=http)),
                    http_port=http,
                    grpc=stack.enter_context(serving([*theirs, str(grpc), "--grpc"], port=grpc)),
                    grpc_port=grpc,
                ),
                Served(name="mm_actions", http=ours, http_port=our_http, grpc=ours, grpc_port=our_grpc),
            )
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _free_port() -> int:
    for port in random.sample(_PORTS, 100):
        with socket.socket() as candidate:
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")
