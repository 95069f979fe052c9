"""Idempotency-Key: a repeated request is answered from memory instead of being carried out again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from example_server.problems import Problem, RefusedError

if TYPE_CHECKING:
    from starlette.types import Message

KEPT = 1000
_SERVER_FAILED = 500


@dataclass(slots=True)
class _Entry:
    digest: bytes
    messages: tuple[Message, ...] = ()


class Replays:
    """The last answers by key. All methods run on the event loop's thread, so none needs a lock."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def begin(self, key: str, body: bytes) -> tuple[Message, ...]:
        """Claim a key, or give the stored answer.

        Returns:
            The messages of the stored answer; empty when the request is to be carried out.

        Raises:
            RefusedError: 422 for another body under the key, 409 while the first is still running.
        """
        digest = hashlib.sha256(body).digest()
        entry = self._entries.get(key)
        if entry is None:
            self._entries[key] = _Entry(digest)
            return ()
        if entry.digest != digest:
            title = "Idempotency-Key reused with another body"
            raise RefusedError(Problem.named(422, "idempotency-mismatch", title))
        if not entry.messages:
            raise RefusedError(
                Problem.of(409, "The first request with this Idempotency-Key is still running.")
            )
        return entry.messages

    def finish(self, key: str, messages: list[Message]) -> None:
        """Keep an answer; forget the key when the server failed, so that a retry runs."""
        if not messages or messages[0]["status"] >= _SERVER_FAILED:
            del self._entries[key]
            return
        self._entries[key].messages = tuple(messages)
        self._entries.move_to_end(key)
        while len(self._entries) > self._kept:
            oldest = next(iter(self._entries))
            if not self._entries[oldest].messages:
                break
            del self._entries[oldest]
