"""The other side of the soak, in a process of its own: a server and a proxy whose faults come at random.

It prints its addresses, works until its input ends, and then prints what it saw.
"""

import contextlib
import json
import random
import sys
import threading
from typing import Any

from mm_actions.testing import (
    Answer,
    Bandwidth,
    BlackHole,
    Close,
    Dribble,
    Endless,
    FaultProxy,
    FaultServer,
    HalfClose,
    Hang,
    Informational,
    Latency,
    LedgerHandler,
    LimitData,
    Reset,
    ResetPeer,
    Send,
    Slicer,
    Wait,
)

GOOD = Answer(json={"frame": {"done": True}, "directives": [{"name": "reply", "payload": {"text": "ok"}}]})
WIRE = GOOD.wire()

FAULTS: list[Any] = [
    Reset(),
    Close(),
    Hang(),
    (Send(WIRE[:40]), Reset()),
    (Send(WIRE[:-10]), Close()),
    (Send(WIRE[:-10]), HalfClose(), Wait(0.05), Close()),
    Dribble(GOOD, chunk=1, interval=0.05),
    Dribble(GOOD, chunk=20, interval=0.005),
    (Wait(0.2), GOOD),
    (Wait(5), GOOD),
    Endless(limit=1 << 24),
    Endless(limit=1 << 24, framing="length"),
    Endless(limit=1 << 24, framing="close"),
    (Informational(103, count=3), GOOD),
    Send(b"SSH-2.0-x\r\n\r\n"),
    Send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}   "),
    Answer(200, body=b"<html>", headers={"Content-Type": "text/html"}),
    Answer(200, body=b"{", headers={"Content-Type": "application/json"}),
    Answer(200, body=b'{"frame": ' + b"[" * 100_000, headers={"Content-Type": "application/json"}),
    Answer(200, body=b"\x1f\x8bxx", headers={"Content-Encoding": "gzip"}),
    Answer(json={"frame": [], "directives": {}}),
    Answer(json={}, declared_length=100),
    Answer(json={}, framing="chunked", last_chunk=False),
    Answer(204),
    *(Answer(status, json={}) for status in (302, 400, 401, 404, 409, 429, 500, 502, 503, 504)),
    Answer(503, json={}, headers={"Retry-After": "0"}),
    Answer(429, json={}, headers={"Retry-After": "99999"}),
]

TOXICS: list[Any] = [
    Latency(0.05, jitter=0.05),
    Bandwidth(20_000),
    Slicer(11, delay=0.001),
    ResetPeer(after_bytes=150),
    ResetPeer(),
    LimitData(180),
    BlackHole(),
]


def tell(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main(seed: int) -> None:
    luck = random.Random(seed)

    def deliver(_request: Any, answer: Answer, _asked: int) -> Any:
        return luck.choice(FAULTS) if luck.random() < 0.35 else answer

    handler = LedgerHandler(GOOD, deliver=deliver)
    ended = threading.Event()
    with FaultServer(handler, keep=0) as server, FaultProxy(server.host, server.port, seed=seed) as proxy:

        def poison() -> None:
            while not ended.wait(luck.uniform(0.1, 1)):
                proxy.clear()
                dice = luck.random()
                if dice < 0.5:
                    proxy.add(luck.choice(TOXICS), luck.choice(["upstream", "downstream", None]))
                elif dice < 0.6:
                    server.drop_connections(reset=luck.random() < 0.5)
                elif dice < 0.7:
                    proxy.refuse()
                    ended.wait(0.1)
                    proxy.restore()
            proxy.clear()

        poisoner = threading.Thread(target=poison, daemon=True)
        poisoner.start()
        tell(server=server.url, proxy=proxy.url)
        sys.stdin.readline()
        ended.set()
        poisoner.join()
        tell(requests=server.request_count)
        sys.stdin.readline()  # the client has closed its connections
        with contextlib.suppress(TimeoutError):
            server.wait_until_deserted()
        executions = handler.executions
        executions.pop("", None)
        tell(keys=len(executions), most=max(executions.values(), default=0), open=server.open_connections)


if __name__ == "__main__":
    main(int(sys.argv[1]))
