"""What answers without an end cost the caller."""

import time
import zlib
from functools import cache

import msgspec
import pytest

from faults_slow.child import run_child
from faults_slow.load import spread
from mm_actions import CustomAction, DialogueResponder, Request
from mm_actions.contract.codec import MAX_DEPTH, decode_answer, deeper_than
from mm_actions.errors import AnswerTooLarge, PayloadTooDeep
from mm_actions.testing import Answer, Endless, FaultServer
from mm_actions.testing.scripted import ScriptedEngine, answer

MIB = 1 << 20


@cache
def gibibyte_of_zeros() -> bytes:
    packer = zlib.compressobj(wbits=31)
    zeros = bytes(MIB)
    return b"".join([*(packer.compress(zeros) for _ in range(1024)), packer.flush()])


FAULTS = {
    "a chunked body without an end": lambda: Endless(framing="chunked"),
    "a body of 1 GiB by its length": lambda: Endless(framing="length"),
    "a body without an end or a length": lambda: Endless(framing="close"),
    "1 GiB of zeros in 1 MiB of gzip": lambda: Answer(
        body=gibibyte_of_zeros(), headers={"Content-Encoding": "gzip"}, framing="chunked", chunk_size=65536
    ),
}


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("engine", ["curl", "requests", "aiohttp"])
@pytest.mark.parametrize("fault", list(FAULTS))
def test_an_answer_beyond_the_limit_costs_no_memory(engine, colour, fault, show):
    calls = 50
    with FaultServer() as good, FaultServer(FAULTS[fault](), keep=0) as bad:
        figures = run_child(
            "memory_program", good=good.url, bad=bad.url, engine=engine, colour=colour, calls=calls
        )
        sent = bad.bytes_sent / (calls + 1)
    show(
        f"{fault}, {engine} {colour}: RSS +{figures['most'] / MIB:.1f} MiB at most, "
        f"+{figures['after'] / MIB:.1f} after {calls}, {sent / MIB:.1f} MiB sent to each, "
        f"{spread(figures['elapsed'])}"
    )
    assert figures["kinds"] == [AnswerTooLarge.kind]
    assert figures["most"] < 10 * MIB


def test_an_answer_100_000_levels_deep_is_refused_in_no_time(show):
    body = b'{"frame": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    action = CustomAction("greet", {"url": "http://127.0.0.1/action", "engine": ScriptedEngine(answer(body))})
    times = []
    for _ in range(100):
        began = time.process_time()
        result = action.invoke(Request(), DialogueResponder())
        times.append(time.process_time() - began)
        action._endpoint.start_over()
        assert isinstance(result.error, PayloadTooDeep)
    with pytest.raises(PayloadTooDeep):
        decode_answer(body)
    show(f"100,000 levels, CPU time of the whole call: {spread(times)}")
    assert sorted(times)[len(times) // 2] < 0.01


def test_brackets_that_are_valid_and_many_cost_little_beside_their_reading(show):
    wide = b'{"frame": {"a": [' + b"[]," * 300_000 + b"[]]}}"
    deepest = b'{"frame": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}"
    many = b'{"frame": {"a": [' + b"[" * 500 + b"]" * 500 + (b"," + b"[" * 500 + b"]" * 500) * 500 + b"]}}"
    for body in (wide, deepest, many):
        reading, judging = (
            min(timed(function, body) for _ in range(3)) for function in (msgspec.json.decode, too_deep)
        )
        show(f"{len(body)} bytes of brackets: {reading * 1000:.1f} ms to read, {judging * 1000:.1f} to judge")
        assert decode_answer(body).frame is not None
        assert judging < reading + 0.001


def too_deep(body):
    assert not deeper_than(MAX_DEPTH, body)


def timed(function, body):
    began = time.process_time()
    function(body)
    return time.process_time() - began
