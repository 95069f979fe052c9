from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import PATIENCE

from mm_actions.server import Reply, SqliteKeys, State

if TYPE_CHECKING:
    from pathlib import Path

REPLY = Reply(status=200, body=b"{}")

WORKER = """
import asyncio, sys
from mm_actions.server import Reply, SqliteKeys, State

async def main():
    store = SqliteKeys(sys.argv[1])
    won = 0
    for number in range(40):
        found = await store.begin(str(number), b"body", sys.argv[2], take_over=False)
        if found.state is State.BEGUN:
            won += 1
            await store.finish(str(number), sys.argv[2], Reply(status=200, body=b"{}"))
    await store.close()
    print(won)

asyncio.run(main())
"""

OPENER = """
import asyncio, sys
from mm_actions.server import SqliteKeys

async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(100):
        store = SqliteKeys(f"{sys.argv[1]}{number}")
        await store.begin(sys.argv[2], b"body", "me", take_over=False)
        await store.close()

asyncio.run(main())
"""

HOLDER = """
import asyncio, sys
from mm_actions.server import SqliteKeys

async def main():
    await SqliteKeys(sys.argv[1]).begin("key", b"body", "dead", take_over=False)
    print("held", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


def test_what_is_kept_outlives_the_process_that_kept_it(tmp_path: Path) -> None:
    async def keep() -> None:
        store = SqliteKeys(tmp_path / "keys")
        await store.begin("key", b"body", "me", take_over=False)
        await store.finish("key", "me", REPLY)
        await store.close()
        await store.close()

    async def find() -> None:
        store = SqliteKeys(tmp_path / "keys")
        found = await store.begin("key", b"body", "me", take_over=False)
        assert (found.state, found.reply) == (State.STORED, REPLY)
        await store.close()
        assert (await store.begin("key", b"body", "me", take_over=False)).state is State.STORED
        await store.close()

    asyncio.run(keep())
    asyncio.run(find())


def test_of_several_processes_one_gets_each_key(tmp_path: Path) -> None:
    def work(name: str) -> int:
        command = [sys.executable, "-c", WORKER, str(tmp_path / "keys"), name]
        return int(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, ["a", "b", "c"])) == 40


def test_several_processes_may_make_the_same_file_at_the_same_moment(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(tmp_path / "keys"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "abc"
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=PATIENCE)[1] for process in processes] == ["", "", ""]


def test_a_process_that_is_killed_holds_its_key_no_longer_than_its_lease(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "keys")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)

    async def main() -> None:
        store = SqliteKeys(tmp_path / "keys", clock=lambda: time.time() + ahead)
        ahead = 0.0
        assert (await store.begin("key", b"body", "me", take_over=True)).state is State.RUNNING
        ahead = 30.0
        assert (await store.begin("key", b"body", "me", take_over=False)).state is State.LOST
        assert (await store.begin("key", b"body", "me", take_over=True)).state is State.BEGUN
        await store.close()

    asyncio.run(main())


def test_what_has_expired_is_swept_out(tmp_path: Path) -> None:
    now = 1000.0

    async def main() -> int:
        nonlocal now
        store = SqliteKeys(tmp_path / "keys", ttl=100, clock=lambda: now)
        for number in range(10):
            await store.begin(str(number), b"body", "me", take_over=False)
            if number < 8:
                await store.finish(str(number), "me", REPLY)
        now += 200
        await store.begin("last", b"body", "me", take_over=False)
        await store.close()
        connection = sqlite3.connect(tmp_path / "keys")
        (count,) = connection.execute("SELECT count(*) FROM keys").fetchone()
        connection.close()
        return int(count)

    assert asyncio.run(main()) == 1


def test_a_file_that_cannot_be_opened_is_an_error_of_the_store(tmp_path: Path) -> None:
    async def main() -> None:
        store = SqliteKeys(tmp_path / "nowhere" / "keys")
        with pytest.raises(sqlite3.OperationalError, match="unable to open"):
            await store.begin("key", b"body", "me", take_over=False)
        (tmp_path / "nowhere").mkdir()
        assert (await store.begin("key", b"body", "me", take_over=False)).state is State.BEGUN
        await store.close()

    asyncio.run(main())
