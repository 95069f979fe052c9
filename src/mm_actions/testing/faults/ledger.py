"""An action server that honours ``Idempotency-Key``, as a script."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from mm_actions.testing.faults.gate import Gate
from mm_actions.testing.faults.received import ReceivedRequest
from mm_actions.testing.faults.script import Steps, as_steps
from mm_actions.testing.faults.steps import Answer, Do, NotExecuted, Step, Wait, WaitFor

Delivery: TypeAlias = Callable[[ReceivedRequest, Answer, int], Steps]
"""How an answer goes out; the number says how often this key was asked for, from 1."""

_PROBLEM = {"Content-Type": "application/problem+json"}


@dataclass(slots=True)
class _Entry:
    digest: bytes
    answer: Answer
    asked: int = 0
    finished: bool = field(default=False)


def _deliver(_request: ReceivedRequest, answer: Answer, _asked: int) -> Steps:
    return answer


class LedgerHandler:
    """Execute each key once, replay its answer, and refuse what the key does not stand for.

    The same key with another body gets 422, a key that is still running 409. A request without a key is
    executed every time. Give it to a fault server as the script.

    Args:
        answer: The answer of an execution, or a function of the request that returns it.
        takes: Seconds an execution lasts, or a gate that ends it; it goes on when the client leaves.
        deliver: How answers, first and replayed, go out: an answer, or the steps of a fault instead.
        retry_after: The ``Retry-After`` seconds of a 409; none are sent by default.
    """

    def __init__(
        self,
        answer: Answer | Callable[[ReceivedRequest], Answer] = Answer(json={}),  # noqa: B008 - frozen
        *,
        takes: float | Gate = 0.0,
        deliver: Delivery = _deliver,
        retry_after: int | None = None,
    ) -> None:
        self._answer = answer
        self._takes = takes
        self._deliver = deliver
        self._conflict = (
            dict(_PROBLEM) if retry_after is None else {**_PROBLEM, "Retry-After": str(retry_after)}
        )
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._executions: Counter[str] = Counter()

    @property
    def executions(self) -> Counter[str]:
        """How often each key was executed; requests without one count under ``""``."""
        with self._lock:
            return Counter(self._executions)

    def __call__(self, request: ReceivedRequest, _number: int) -> Steps:
        """Return the steps for a request."""
        with self._lock:
            return self._steps(request)

    def _steps(self, request: ReceivedRequest) -> tuple[Step, ...]:
        key = request.idempotency_key
        digest = sha256(request.path.encode() + b"\n" + request.body).digest()
        entry = self._entries.get(key) if key else None
        if entry is None:
            return self._execute(request, key, digest)
        entry.asked += 1
        if entry.digest != digest:
            problem = {"title": "the Idempotency-Key belongs to another request", "status": 422}
            return (NotExecuted(), Answer(422, json=problem, headers=_PROBLEM))
        if not entry.finished:
            problem = {"title": "a request with this Idempotency-Key is still running", "status": 409}
            return (NotExecuted(), Answer(409, json=problem, headers=self._conflict))
        return (NotExecuted(), *as_steps(self._deliver(request, entry.answer, entry.asked)))

    def _execute(self, request: ReceivedRequest, key: str, digest: bytes) -> tuple[Step, ...]:
        answer = self._answer(request) if callable(self._answer) else self._answer
        entry = _Entry(digest, answer, asked=1)
        if key:
            self._entries[key] = entry
        self._executions[key] += 1
        wait = (
            WaitFor(self._takes, watch=False)
            if isinstance(self._takes, Gate)
            else Wait(self._takes, watch=False)
        )

        def finish() -> None:
            entry.finished = True

        return (wait, Do(finish), *as_steps(self._deliver(request, answer, 1)))
