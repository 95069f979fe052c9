"""Answers by ``Idempotency-Key`` in a SQLite file: they outlive the process, and several share them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mm_actions.server.calls.reply import Reply
from mm_actions.server.keys.store import DAY, LEASE, Found, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    name TEXT PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    holder TEXT,
    until REAL NOT NULL,
    reply BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_until ON keys (until);
"""
_BETWEEN_SWEEPS = 60.0
_BETWEEN_TRIES = 0.005


class SqliteKeys:
    """Keeps answers in a file that any number of processes of one machine may share.

    The file outlives a process that is killed; what was written in the last moments before the machine itself
    loses power may be lost.

    Args:
        path: The file; it is made when it is not there.
        ttl: Seconds for which an answer is kept.
        busy: Seconds to wait for another process that writes.
        clock: Unix time, the same for all processes.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        ttl: float = DAY,
        busy: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = os.fspath(path)
        self._ttl = ttl
        self._busy = busy
        self._clock = clock
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._swept = float("-inf")

    async def begin(self, key: str, fingerprint: bytes, holder: str, *, take_over: bool) -> Found:
        """Take a key, unless it is known."""
        return await self._run(lambda: self._begin(key, fingerprint, holder, take_over=take_over))

    async def renew(self, key: str, holder: str) -> None:
        """Hold a key for longer."""
        until = self._clock() + LEASE
        await self._run(
            lambda: self._write("UPDATE keys SET until = ? WHERE name = ? AND holder = ?", until, key, holder)
        )

    async def finish(self, key: str, holder: str, reply: Reply) -> None:
        """Keep the answer."""
        packed, until = msgspec.msgpack.encode(reply), self._clock() + self._ttl
        await self._run(
            lambda: self._write(
                "UPDATE keys SET reply = ?, until = ?, holder = NULL WHERE name = ? AND holder = ?",
                packed,
                until,
                key,
                holder,
            )
        )

    async def release(self, key: str, holder: str) -> None:
        """Forget a key."""
        await self._run(lambda: self._write("DELETE FROM keys WHERE name = ? AND holder = ?", key, holder))

    async def close(self) -> None:
        """Close the file."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._process == os.getpid():
            await asyncio.get_running_loop().run_in_executor(thread, self._disconnect)
            thread.shutdown(wait=True)

    async def _run(self, work: Callable[[], T]) -> T:
        """Run on the store's one thread: a file may be slow, and the event loop may not."""
        if self._thread is None or self._process != os.getpid():
            # After a fork, neither the thread nor the connection is ours.
            self._process = os.getpid()
            self._connection = None
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="mm-actions-keys")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _begin(self, key: str, fingerprint: bytes, holder: str, *, take_over: bool) -> Found:
        now = self._clock()
        with self._transaction() as connection:
            self._sweep(connection, now)
            row = connection.execute(
                "SELECT fingerprint, until, reply FROM keys WHERE name = ?", (key,)
            ).fetchone()
            if row is not None and not (row[2] is not None and row[1] <= now):
                if row[0] != fingerprint:
                    return Found(state=State.OTHER_BODY)
                if row[2] is not None:
                    return Found(state=State.STORED, reply=_unpack(row[2]))
                if now < row[1]:
                    return Found(state=State.RUNNING)
                if not take_over:
                    return Found(state=State.LOST)
            connection.execute(
                "INSERT OR REPLACE INTO keys (name, fingerprint, holder, until, reply)"
                " VALUES (?, ?, ?, ?, NULL)",
                (key, fingerprint, holder, now + LEASE),
            )
            return Found(state=State.BEGUN)

    def _sweep(self, connection: sqlite3.Connection, now: float) -> None:
        """Take out what has expired; a key whose holder died is remembered as long as an answer is."""
        if now - self._swept < _BETWEEN_SWEEPS:
            return
        self._swept = now
        connection.execute(
            "DELETE FROM keys WHERE until <= CASE WHEN reply IS NULL THEN ? ELSE ? END",
            (now - self._ttl, now),
        )

    def _write(self, statement: str, *values: object) -> None:
        with self._transaction() as connection:
            connection.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connect()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=self._busy, isolation_level=None)
            try:
                self._write_ahead(connection)
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.executescript(_SCHEMA)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Switch the journal; where two processes do so at once, SQLite waits for neither."""
        patience = time.monotonic() + self._busy
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                    raise
                time.sleep(_BETWEEN_TRIES)
            else:
                return

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


_unpack = msgspec.msgpack.Decoder(Reply).decode
