"""The server door beside starlette, connexion and the real rasa_sdk: CPU of the server a request."""

from __future__ import annotations

import socket
import statistics
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Self

from benchmarks.load import Load, dial
from benchmarks.measure import Candidate, Table, Target, interleave
from benchmarks.payloads import invocation, of_size, tracker
from benchmarks.process import Process, python, serving

if TYPE_CHECKING:
    from benchmarks.options import Options

SMALL = 2_000
LARGE = 1_000_000
_IN_FLIGHT = 32
_MOST_US = 40

FLOOR, OURS, STARLETTE, CONNEXION, FLASK, RASA = (
    "raw ASGI + msgspec",
    "mm_actions",
    "starlette",
    "connexion, AsyncApp",
    "connexion, FlaskApp",
    "rasa_sdk",
)


def run(options: Options) -> list[Table]:
    """Measure small and large requests."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving(python(f"benchmarks.servers.{module}", *arguments)))
            for name, module, *arguments in (
                (FLOOR, "floor"), (OURS, "ours"), (STARLETTE, "starlette_app"),
                (CONNEXION, "connexion_app", "async"), (FLASK, "connexion_app", "flask"),
            )
        }  # fmt: skip
        if options.rasa is not None:
            port = _free_port()
            command = [
                str(options.rasa),
                "-m",
                "rasa_sdk",
                "--actions",
                "benchmarks.servers.rasa_actions",
                "--quiet",
            ]
            servers[RASA] = stack.enter_context(serving([*command, "-p", str(port)], port=port))
        sizes = ("2 KB", SMALL, _IN_FLIGHT, options.calls(100)), ("1 MB", LARGE, 1, options.calls(30))
        tables = []
        for label, size, in_flight, waves in sizes:
            candidates = [
                Candidate(
                    name=name, run=stack.enter_context(Loaded(server, name, size, in_flight, waves)).sample
                )
                for name, server in servers.items()
            ]
            title = f"Server door, {label} requests, {in_flight} in flight"
            tables.append(
                interleave(title, candidates, rounds=options.rounds, targets=_targets(size, servers))
            )
        return tables


def _targets(size: int, servers: dict[str, Process]) -> list[Target]:
    targets = []
    if size == SMALL:
        targets.append(Target(candidate=OURS, figure="cpu_us", most=_MOST_US))
        targets += [
            Target(candidate=OURS, reference=connexion, figure="cpu_us", most=0.1)
            for connexion in (CONNEXION, FLASK)
        ]
    if RASA in servers:
        most = 0.6 if size == SMALL else 0.3
        targets.append(Target(candidate=OURS, reference=RASA, figure="cpu_us", most=most))
    return targets


class Loaded:
    """A server with connections to it."""

    def __init__(self, server: Process, name: str, size: int, in_flight: int, waves: int) -> None:
        make, path = (tracker, "/webhook") if name == RASA else (invocation, "/action")
        body = of_size(make, size)
        self._server, self._in_flight, self._waves = server, in_flight, waves
        self._load = Load(partial(dial, server.port), path, body, connections=in_flight)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._load.__exit__()

    def sample(self) -> dict[str, float]:
        """Send a round's waves."""
        before = self._server.cpu()
        times = self._load.waves(self._waves)
        cpu = self._server.cpu() - before
        return {
            "cpu_us": cpu / (self._waves * self._in_flight) * 1e6,
            "wave_ms": statistics.median(times) * 1e3,
        }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
