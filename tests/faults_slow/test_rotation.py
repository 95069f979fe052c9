"""Certificate, key and authority are replaced on disk while calls are made."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate

from faults_slow.load import Called, call, call_async
from mm_actions import CustomAction
from mm_actions.testing import Answer, CertificateAuthority, CertificateFiles, FaultServer

EVERY = 1.5
"""Seconds between two replacements."""

HALF = 0.5
"""Seconds for which certificate and key do not fit each other, as during a slow copy."""


class Server:
    """The script of a server that notes whose certificate it last saw, and when."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}

    def __call__(self, request, number):
        self._seen[int(request.client_certificate["serialNumber"], 16)] = time.monotonic()
        # Every tenth answer ends its connection, so that handshakes go on all the time.
        return Answer(json={}, headers={"Connection": "close"} if number % 10 == 0 else {})

    def wait_for(self, files: CertificateFiles, seconds: float) -> float:
        """Wait until this certificate is used; give the seconds that it took."""
        serial = load_pem_x509_certificate(files.certificate.read_bytes()).serial_number
        placed = time.monotonic()
        while self._seen.get(serial, 0.0) < placed and time.monotonic() < placed + seconds:
            pause(0.02)
        return time.monotonic() - placed


def put(path: Path, source: Path) -> None:
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(source.read_bytes())
    fresh.replace(path)


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def keep_calling(action: CustomAction, end: float, done: list[Called]) -> None:
    while time.monotonic() < end:
        done.append(call(action))
        pause(0.02)


def keep_calling_async(action: CustomAction, end: float, done: list[Called]) -> None:
    async def work() -> None:
        while time.monotonic() < end:
            called = await call_async(action)
            done.append(called)
            await asyncio.sleep(0.02)

    async def crowd() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(work())

    asyncio.run(crowd())


@pytest.mark.parametrize(("engine", "seconds"), [("curl", 60), ("requests", 25), ("aiohttp", 25)])
def test_no_call_fails_while_certificates_are_replaced(engine, seconds, tmp_path, show):
    authority = CertificateAuthority(tmp_path)
    own = authority.server()
    pairs = [authority.client(f"client-{number}") for number in range(4)]
    certificate, key, ca = tmp_path / "now.pem", tmp_path / "now.key", tmp_path / "now-ca.pem"
    put(certificate, pairs[0].certificate)
    put(key, pairs[0].private_key)
    put(ca, own.ca)
    script = Server()
    done: list[Called] = []
    late: list[float] = []
    with (
        FaultServer(script, ssl_context=own.server_context(client_ca=own.ca), keep=0) as server,
        ThreadPoolExecutor(3) as pool,
    ):
        paths = {"cert": str(ca), "public_key": str(certificate), "private_key": str(key)}
        action = CustomAction("greet", {"url": server.url, "engine": engine, "idempotent": True, **paths})
        end = time.monotonic() + seconds
        work = (keep_calling, keep_calling, keep_calling_async)
        futures = [pool.submit(each, action, end, done) for each in work]
        while time.monotonic() < end - 6:
            files = pairs[(len(late) + 1) % len(pairs)]
            put(certificate, files.certificate)
            pause(HALF)
            put(key, files.private_key)
            put(ca, own.ca)
            late.append(script.wait_for(files, 6))
            pause(EVERY)
        for future in futures:
            future.result()
    failed = [each.kind for each in done if not each.ok]
    show(
        f"certificates replaced {len(late)} times in {seconds} s, {engine}: {len(done)} calls, "
        f"{len(failed)} failed; a new pair is in use after {max(late):.1f} s at most"
    )
    assert failed == []
    assert len(late) >= seconds / 10
    assert max(late) <= 5
