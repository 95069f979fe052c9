"""The action server that honours Idempotency-Key."""

from __future__ import annotations

import json
from itertools import count

import pytest

from mm_actions.testing import Answer, FaultServer, Gate, LedgerHandler, Reset


def test_a_key_is_executed_once_and_its_answer_replayed(connect):
    numbers = count(1)
    handler = LedgerHandler(lambda request: Answer(json=next(numbers)))
    with FaultServer(handler) as server:
        client = connect(server)
        answers = [client.post(Idempotency_Key=key).answer() for key in ("a", "a", "b", "a")]
        assert answers == [(200, b"1"), (200, b"1"), (200, b"2"), (200, b"1")]
        assert server.ledger == handler.executions == {"a": 1, "b": 1}


def test_a_request_without_a_key_is_executed_every_time(connect):
    with FaultServer(LedgerHandler()) as server:
        client = connect(server)
        client.post().answer()
        client.post().answer()
        assert server.ledger == {"": 2}


@pytest.mark.parametrize("other", [{"body": b"[]"}, {"path": "/other"}])
def test_the_same_key_with_another_request_is_refused(connect, other):
    with FaultServer(LedgerHandler()) as server:
        client = connect(server)
        assert client.post(Idempotency_Key="k").answer()[0] == 200
        status, body = client.post(**other, Idempotency_Key="k").answer()
        assert (status, json.loads(body)["status"]) == (422, 422)
        assert server.ledger == {"k": 1}


def test_a_key_that_is_still_running_is_a_conflict(connect):
    gate = Gate()
    with FaultServer(LedgerHandler(Answer(json="done"), takes=gate, retry_after=1)) as server:
        first, second = connect(server), connect(server)
        first.post(Idempotency_Key="k")
        server.wait_for_requests(1)
        second.post(Idempotency_Key="k")
        head = second.read_past(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 409 Conflict")
        assert b"Retry-After: 1\r\n" in head
        gate.open()
        assert first.answer() == (200, b'"done"')
        assert connect(server).post(Idempotency_Key="k").answer() == (200, b'"done"')
        assert server.ledger == {"k": 1}


def test_an_execution_goes_on_when_its_client_leaves(connect):
    gate = Gate()
    with FaultServer(LedgerHandler(Answer(json="done"), takes=gate)) as server:
        client = connect(server).post(Idempotency_Key="k")
        server.wait_for_requests(1)
        client.socket.close()
        gate.open()
        server.wait_until_deserted()
        assert connect(server).post(Idempotency_Key="k").answer() == (200, b'"done"')
        assert server.ledger == {"k": 1}


def test_a_lost_answer_is_replayed_to_the_retry(connect):
    def lose_the_first(request, answer, asked):
        return Reset() if asked == 1 else answer

    with FaultServer(LedgerHandler(Answer(json=7), takes=0.001, deliver=lose_the_first)) as server:
        for key in map(str, range(50)):
            with pytest.raises(ConnectionResetError):
                connect(server).post(Idempotency_Key=key).read(1)
            assert connect(server).post(Idempotency_Key=key).answer() == (200, b"7")
        assert set(server.ledger.values()) == {1}
        assert len(server.ledger) == 50
