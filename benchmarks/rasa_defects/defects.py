"""What each server does in the cases that hurt: one function a case, and what a good server does there."""

from __future__ import annotations

import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import grpc

from benchmarks.rasa_defects.actions import BLOCKED, DEAF_TIME, SECRET, TOKEN_TIME, TOKENS
from benchmarks.rasa_defects.calls import (
    call_of,
    dialed,
    has_member,
    health_seconds,
    json_of,
    message_of,
    post,
)
from benchmarks.rasa_defects.pair import BARGE_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.rasa_defects.pair import Served

_MB = 1 << 20
_DEFLATED = {"Content-Encoding": "deflate"}
_SPREAD = 0.5
"""The part of a stream's time that lies between its first and its last chunk, at the least, if they leave."""


class Seen(NamedTuple):
    """What one server did.

    Attributes:
        says: In words.
        good: Whether it is what a caller hopes for.
    """

    says: str
    good: bool


def blocking(served: Served) -> Seen:
    """Ask for the health while a plain function blocks."""
    with ThreadPoolExecutor() as pool:
        held = pool.submit(post, served, json_of(call_of("action_blocking")))
        while not held.running():
            time.sleep(0.001)
        time.sleep(BLOCKED / 5)  # it has reached the server by then
        seconds = health_seconds(served)
        held.result()
    return Seen(f"/health answers after {seconds * 1e3:,.0f} ms", seconds < BLOCKED / 3)


def two_blocking(served: Served) -> Seen:
    """Call the plain function that blocks twice at once."""
    body = json_of(call_of("action_blocking"))
    started = time.perf_counter()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: post(served, body), range(2)))
    seconds = time.perf_counter() - started
    return Seen(f"both answered after {seconds:.1f} s", seconds < 1.6 * BLOCKED)


def sync_iterator(served: Served) -> Seen:
    """Stream tokens that come from something which is not async."""
    with dialed(served) as client:
        arrived = [one for one in client.stream(message_of(call_of("action_tokens"))) if one.kind == "chunk"]
    first, last = arrived[0].at, arrived[-1].at
    spread = last - first
    says = f"{len(arrived)} tokens: the first after {first:.2f} s, the last after {last:.2f} s"
    return Seen(says, spread > _SPREAD * TOKENS * TOKEN_TIME)


def barge_in(served: Served) -> Seen:
    """Interrupt an action that does not look whether it is interrupted."""
    with dialed(served) as client:
        interrupted = 0.0
        for one in client.stream(message_of(call_of("action_deaf"))):
            if one.kind == "chunk" and not interrupted:
                client.interrupt(one.body["response_id"])
                interrupted = one.at
        seconds = one.at - interrupted
    return Seen(
        f"answers {seconds:.1f} s after it (limit {BARGE_IN:.0f} s)", seconds < (BARGE_IN + DEAF_TIME) / 2
    )


def deflated_failure(served: Served) -> Seen:
    """Send a deflated call to an action that fails: Rasa takes 400 for an action that declines."""
    answer = post(served, zlib.compress(json_of(call_of("action_crash"))), _DEFLATED)
    named = "with" if has_member(answer.body, "action_name") else "without"
    return Seen(f"{answer.status} {named} action_name", answer.status >= 500)


def leak(served: Served) -> Seen:
    """Look for the secret of an error, and for the request, in what the caller is answered."""
    answer = post(served, json_of(call_of("action_crash", name="a private text")))
    told = [
        what
        for what, mark in (("the exception", SECRET), ("the whole request", "a private text"))
        if mark.encode() in answer.body
    ]
    with dialed(served) as client:
        try:
            client.webhook(message_of(call_of("action_crash")))
        except grpc.RpcError as error:
            if SECRET in str(error.details()):
                told.append("the exception (gRPC)")
    return Seen("tells " + (" and ".join(told) or "neither error nor request"), not told)


def bomb(served: Served, megabytes: int) -> Seen:
    """Send a small body that inflates to a large one."""
    deflate = zlib.compressobj(9)
    body = b"".join(deflate.compress(b" " * _MB) for _ in range(megabytes)) + deflate.flush()
    before = served.http.memory()
    with ThreadPoolExecutor() as pool:
        sent = pool.submit(post, served, body, _DEFLATED)
        worst = 0.0
        while not sent.done():
            worst = max(worst, health_seconds(served))
        status = sent.result().status
    grown = (served.http.memory() - before) / _MB
    says = f"{len(body) >> 10} KB become {grown:,.0f} MB: {status}, /health up to {worst * 1e3:,.0f} ms"
    return Seen(says, grown < megabytes)


def cases(megabytes: int) -> Sequence[tuple[str, Callable[[Served], Seen]]]:
    """Give all of them, by what is done."""
    return (
        ("a plain function blocks for 1.5 s", blocking),
        ("it is called twice at once", two_blocking),
        ("a stream from a sync iterator, 10 x 0.1 s", sync_iterator),
        ("a user interrupts an action that goes on", barge_in),
        ("a deflated call, and the action raises", deflated_failure),
        ("what an error tells the caller", leak),
        (f"a body that inflates to {megabytes} MB", lambda served: bomb(served, megabytes)),
    )
