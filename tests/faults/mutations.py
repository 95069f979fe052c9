"""Hypothesis strategies: a valid answer, and what may become of it on its way."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

WORDS = st.text(max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | WORDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(WORDS, VALUES, max_size=4)
INTENTS = st.lists(WORDS, max_size=3)

DIRECTIVES = st.lists(
    st.fixed_dictionaries({"name": WORDS, "payload": VALUES}, optional={"type": WORDS, "more": VALUES}),
    max_size=3,
)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "allowed_intents": INTENTS,
        "allow_nlp": INTENTS,
        "deny_nlp": INTENTS,
        "target_dialogue_state": WORDS,
        "dynamic_resource": OBJECTS,
        "time_zone": WORDS,
        "language": WORDS,
        "locale": WORDS,
        "timestamp": st.integers(1, 2**50),
    },
)
RESPONDERS = st.fixed_dictionaries(
    {}, optional={"directives": DIRECTIVES, "frame": OBJECTS, "slots": OBJECTS, "params": PARAMS}
)

FRAGMENTS = [
    b"null", b"NaN", b"-Infinity", b"1e999", b"-0", b"0.1", b"9" * 400, b"{}", b"[]", b'""', b"true",
    b'"\\ud800"', b'"\\u0000"', b"\xff", b"\xef\xbb\xbf", b"\x00", b",", b":", b"}", b"]", b'"', b"\\",
    b'"frame":{},', b'"frame":null,', b'"directives":{},', b'"params":[],', b'"slots":0,', b"[" * 600,
    b'{"a":' * 600, b"[" * 600 + b"]" * 600, b"/* x */", b" " * 100, "\u2028".encode(),
]  # fmt: skip
STATUSES = [200, 201, 202, 204, 205, 206, 226, 300, 301, 304, 307, 308, 399, 400, 401, 404, 408, 409, 410]
STATUSES += [418, 422, 425, 429, 449, 451, 499, 500, 501, 502, 503, 504, 508, 599, 600, 999]
CONTENT_TYPES = ["", ";", "\u00e9", "text/html", "application/problem+json", "application/x+json"]
CONTENT_TYPES += ["application/json; charset=utf-16", "application/json;charset=UTF-8", "APPLICATION/JSON"]
CONTENT_TYPES += ["application/json, text/html"]
HEADERS = [
    ("retry-after", "soon"), ("retry-after", "1" * 400), ("retry-after", "Wed, 99 Foo 2020"),
    ("location", "\u00e9"),
    ("x-mm-should-retry", "maybe"), ("x-mm-call-id", "another"), ("x-mm-call-id", ""),
    ("content-encoding", "x"),
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """An answer that was valid."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


def _flipped(draw: Any, body: bytes) -> bytes:
    at, bit = draw(st.integers(0, max(0, len(body) - 1))), draw(st.integers(0, 7))
    return body[:at] + bytes([body[at] ^ (1 << bit)]) + body[at + 1 :] if body else body


def _cut(draw: Any, body: bytes) -> bytes:
    start, end = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
    return body[:start] + body[end:]


def _inserted(draw: Any, body: bytes) -> bytes:
    at = draw(st.integers(0, len(body)))
    return body[:at] + draw(st.sampled_from(FRAGMENTS)) + body[at:]


def _repeated(draw: Any, body: bytes) -> bytes:
    start, end = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
    return body[:end] + body[start:end] + body[end:]


def _retyped(draw: Any, body: bytes) -> bytes:
    """Put a value of any type in the place of one member, at the top or within it."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    holder: Any = value
    while isinstance(holder, (dict, list)) and holder:
        place = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        if not isinstance(holder[place], (dict, list)) or draw(st.booleans()):
            holder[place] = draw(VALUES)
            break
        holder = holder[place]
    return json.dumps(value).encode()


ON_BODIES = (_flipped, _cut, _inserted, _repeated, _retyped)


def mutated_bytes(draw: Any, body: bytes) -> bytes:
    for mutate in draw(st.lists(st.sampled_from(ON_BODIES), max_size=3)):
        body = mutate(draw, body)
    return body


@st.composite
def mutants(draw: Any) -> Mutant:
    """Give an answer whose body, status or headers were changed, or none of them."""
    mutant = Mutant(body=mutated_bytes(draw, json.dumps(draw(RESPONDERS)).encode()))
    if draw(st.integers(0, 5)) == 0:
        mutant = replace(mutant, status=draw(st.sampled_from(STATUSES)))
    if draw(st.integers(0, 5)) == 0:
        mutant = replace(mutant, headers={"content-type": draw(st.sampled_from(CONTENT_TYPES))})
    if draw(st.integers(0, 5)) == 0:
        mutant = replace(mutant, headers=mutant.headers | dict([draw(st.sampled_from(HEADERS))]))
    return mutant


@st.composite
def wires(draw: Any) -> bytes:
    """Give a whole answer as it travels, framing and all, with some of its bytes changed."""
    from mm_actions.testing import Answer

    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    answer = Answer(json=draw(RESPONDERS), framing=framing, chunk_size=draw(st.integers(0, 9)))
    return mutated_bytes(draw, answer.wire())
