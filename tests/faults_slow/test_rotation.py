"""Certificate, key and authority are replaced on disk while calls are made."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faults_slow.load import call, call_async
from mm_actions import CustomAction
from mm_actions.testing import Answer, CertificateAuthority, CertificateFiles, FaultServer

EVERY = 1.5
"""Seconds between two replacements."""


def put(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(content)
    fresh.replace(path)


def serial(files: CertificateFiles) -> int:
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(files.certificate.read_bytes()).serial_number


@pytest.mark.parametrize(("engine", "seconds"), [("curl", 60), ("requests", 25), ("aiohttp", 25)])
def test_no_call_fails_while_certificates_are_replaced(engine, seconds, tmp_path, show):
    authority = CertificateAuthority(tmp_path)
    own = authority.server()
    pairs = [authority.client(f"client-{number}") for number in range(4)]
    certificate, key, ca = tmp_path / "now.pem", tmp_path / "now.key", tmp_path / "now-ca.pem"

    def place(files: CertificateFiles) -> None:
        put(certificate, files.certificate.read_bytes())
        put(key, files.private_key.read_bytes())
        put(ca, own.ca.read_bytes())

    place(pairs[0])
    seen: dict[int, float] = {}

    def serve(request, number):
        seen[int(request.client_certificate["serialNumber"], 16)] = time.monotonic()
        # Every tenth answer ends its connection, so that handshakes go on all the time.
        return Answer(json={}, headers={"Connection": "close"} if number % 10 == 0 else {})

    context = own.server_context(client_ca=own.ca)
    done = []
    late = []
    with FaultServer(serve, ssl_context=context, keep=0) as server:
        files = {"cert": str(ca), "public_key": str(certificate), "private_key": str(key)}
        action = CustomAction("greet", {"url": server.url, "engine": engine, "idempotent": True, **files})
        end = time.monotonic() + seconds

        async def load() -> None:
            async def work() -> None:
                while time.monotonic() < end:
                    done.append(await call_async(action))
                    await asyncio.sleep(0.02)

            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(work())

        def work_blocking() -> None:
            while time.monotonic() < end:
                done.append(call(action))
                threading.Event().wait(0.02)

        with ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(asyncio.run, load()), pool.submit(work_blocking), pool.submit(work_blocking)]
            number = 0
            while time.monotonic() < end - 6:
                number += 1
                files = pairs[number % len(pairs)]
                put(certificate, files.certificate.read_bytes())
                threading.Event().wait(EVERY / 3)  # half a pair, for as long as a slow copy takes
                put(key, files.private_key.read_bytes())
                if number % 3 == 0:
                    put(ca, own.ca.read_bytes())
                placed = time.monotonic()
                while seen.get(serial(files), 0.0) < placed and time.monotonic() < placed + 6:
                    threading.Event().wait(0.02)
                late.append(time.monotonic() - placed)
                threading.Event().wait(EVERY)
            for future in futures:
                future.result()
    failed = [each.kind for each in done if not each.ok]
    show(
        f"certificates replaced {number} times in {seconds} s, {engine}: {len(done)} calls, {len(failed)} failed; "
        f"a new pair is in use after {max(late):.1f} s at most"
    )
    assert number >= seconds / 10
    assert failed == []
    assert max(late) <= 5
