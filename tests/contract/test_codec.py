"""Bytes to wire types and back: a lenient reader, a strict writer."""

import contextlib
import json
import time
from collections import UserDict
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_actions.contract.codec import MAX_DEPTH, decode_answer, encode
from mm_actions.errors import BadAnswer, BadPayload, EncodingFailed, PayloadTooDeep, SchemaMismatch, Sent

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON))
def test_whatever_json_can_say_comes_back_as_it_was(frame):
    assert decode_answer(encode({"frame": frame})).frame == frame


def test_what_users_keep_in_a_frame_is_written():
    class Array(list):
        pass

    class Scalar:
        def item(self):
            return 5

    values = {
        "map": UserDict(a=1),
        "set": {1},
        "tuple": (1, 2),
        "date": date(2026, 1, 2),
        "datetime": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        "list": Array([1]),
        "scalar": Scalar(),
        "nan": float("nan"),
        "infinity": float("inf"),
        "decimal": Decimal("1.5"),
        "generator": (number for number in (1, 2)),
    }
    assert json.loads(encode(values)) == {
        "map": {"a": 1},
        "set": [1],
        "tuple": [1, 2],
        "date": "2026-01-02",
        "datetime": "2026-01-02T03:04:00Z",
        "list": [1],
        "scalar": 5,
        "nan": None,
        "infinity": None,
        "decimal": "1.5",
        "generator": [1, 2],
    }


def test_what_json_cannot_carry_is_refused_before_it_is_sent():
    with pytest.raises(EncodingFailed, match="object is not a JSON type") as caught:
        encode({"frame": {"a": object()}})
    assert caught.value.sent is Sent.NO
    with pytest.raises(EncodingFailed, match="tuple cannot be the name"):
        encode({"frame": {(1, 2): 3}})


def test_a_value_that_contains_itself_is_refused():
    frame = {}
    frame["self"] = frame
    with pytest.raises(EncodingFailed, match="contains itself"):
        encode(frame)


@pytest.mark.parametrize(
    ("body", "error", "where"),
    [
        (b"", BadPayload, "truncated"),
        (b"{", BadPayload, "truncated"),
        (b"\xef\xbb\xbf{}", BadPayload, "byte 0"),
        (b'{"frame": {"a": NaN}}', BadPayload, "byte 16"),
        (b'{"frame": {"a": -Infinity}}', BadPayload, "byte 17"),
        (b'{"frame": {"a": 01}}', BadPayload, "byte 17"),
        (b'{"frame": {"a": "\\ud800"}}', BadPayload, "JSON"),
        ('{"frame": {"a": "ä"}}'.encode("latin-1"), BadPayload, "position 17"),
        (b'{"unknown": "\xff"}', BadPayload, "position 13"),
        ("{}".encode("utf-16"), BadPayload, "position 0"),
        (b"{} x", BadPayload, "byte 4"),
        (b"[]", SchemaMismatch, "top level"),
        (b"null", SchemaMismatch, "top level"),
        (b"5", SchemaMismatch, "top level"),
        (b'"text"', SchemaMismatch, "top level"),
        (b'{"frame": {"a": 1e999}}', SchemaMismatch, "/frame"),
        (b'{"frame": {"a": ' + b"9" * 5000 + b"}}", SchemaMismatch, "/frame"),
        (b'{"directives": {}}', SchemaMismatch, "/directives"),
        (b'{"directives": "reply"}', SchemaMismatch, "/directives"),
        (b'{"directives": [1]}', SchemaMismatch, "/directives/*"),
        (b'{"directives": [{"name": 5}]}', SchemaMismatch, "/directives/0/name"),
        (b'{"directives": [{}, {"type": []}]}', SchemaMismatch, "/directives/1/type"),
        (b'{"frame": []}', SchemaMismatch, "/frame"),
        (b'{"slots": "x"}', SchemaMismatch, "/slots"),
        (b'{"params": []}', SchemaMismatch, "/params"),
        (b'{"params": {"allowed_intents": "a.b"}}', SchemaMismatch, "/params/allowed_intents"),
        (b'{"params": {"allowed_intents": [1]}}', SchemaMismatch, "/params/allowed_intents/*"),
        (b'{"params": {"dynamic_resource": []}}', SchemaMismatch, "/params/dynamic_resource"),
        (b'{"params": {"timestamp": "soon"}}', SchemaMismatch, "/params/timestamp"),
        (b'{"params": {"timestamp": -1}}', SchemaMismatch, "/params/timestamp"),
        (b'{"params": {"timestamp": 1.5}}', SchemaMismatch, "/params/timestamp"),
    ],
)
def test_a_bad_answer_is_one_typed_error_that_says_where(body, error, where):
    with pytest.raises(error, match=where) as caught:
        decode_answer(body)
    assert type(caught.value) is error
    assert caught.value.sent is Sent.YES


def test_null_and_absent_are_the_same_and_unknown_members_are_passed_over():
    answer = decode_answer(
        b'{"frame": null, "directives": null, "params": {"language": null, "x": 1}, "y": {}}'
    )
    assert (answer.frame, answer.directives, answer.slots) == (None, None, None)
    assert answer.params.language is None


def test_a_directive_keeps_members_that_we_do_not_know():
    body = b'{"directives": [{"name": "reply", "type": "view", "payload": [1], "lang": "de"}]}'
    assert decode_answer(body).directives == [{"name": "reply", "type": "view", "payload": [1], "lang": "de"}]


@pytest.mark.parametrize("timestamp", ["1546300800000", 1546300800000])
def test_a_timestamp_is_read_as_an_integer_in_both_forms(timestamp):
    body = encode({"params": {"timestamp": timestamp}})
    assert decode_answer(body).params.timestamp == 1546300800000


def test_of_duplicate_keys_the_last_one_counts():
    assert decode_answer(b'{"frame": {"a": 1}, "frame": {"a": 2}}').frame == {"a": 2}


@pytest.mark.parametrize("depth", [MAX_DEPTH, 10_000, 100_000])
@pytest.mark.parametrize("member", [b"frame", b"unknown"])
def test_deep_nesting_is_refused(depth, member):
    body = b'{"' + member + b'": {"a": ' + b"[" * depth + b"]" * depth + b"}}"
    with pytest.raises(PayloadTooDeep, match=str(MAX_DEPTH)):
        decode_answer(body)


def test_deep_nesting_is_refused_without_delay():
    body = b'{"frame": {"a": ' + b'[{"b":' * 50_000 + b"1" + b"}]" * 50_000 + b"}}"
    started = time.process_time()
    with pytest.raises(PayloadTooDeep):
        decode_answer(body)
    assert time.process_time() - started < 0.25


def test_nesting_up_to_the_limit_and_brackets_in_strings_are_read():
    deep = b"[" * (MAX_DEPTH - 2) + b"]" * (MAX_DEPTH - 2)
    assert decode_answer(b'{"frame": {"a": ' + deep + b"}}").frame is not None
    text = '[{"\\' * 5_000
    assert decode_answer(encode({"frame": {"a": text, "b": [[]] * 600}})).frame["a"] == text


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_one_typed_error(body):
    with contextlib.suppress(BadAnswer):
        assert decode_answer(body) == decode_answer(body)
