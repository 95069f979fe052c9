"""Bytes to wire types and back: a lenient reader and a strict writer.

The reader takes null for absent and passes over unknown members; it refuses what JSON does not have (NaN,
Infinity, lone surrogates, a byte-order mark), numbers no float can hold, and nesting beyond
:data:`MAX_DEPTH`. The writer writes what the contract allows, or says which value it cannot write.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from itertools import accumulate
from typing import Any, TypeVar

import msgspec

from mm_actions.contract.wire import Answer
from mm_actions.errors import BadPayload, EncodingFailed, PayloadTooDeep, SchemaMismatch, Sent

T = TypeVar("T")

MAX_DEPTH = 512
"""Levels of nesting that are read; far beyond what people write, far below what breaks a reader."""


def encode(value: object, *, levels: int = MAX_DEPTH) -> bytes:
    """Encode a payload as JSON in UTF-8.

    Mappings of any kind become objects, sets and other iterables arrays, datetimes RFC 3339 strings. NaN and
    infinities become null, as ``JSON.stringify`` has it (ECMA-262, 25.5.2).

    Args:
        value: The payload.
        levels: Levels of nesting that it may have.

    Raises:
        EncodingFailed: For a value of a type that JSON cannot carry, or one that contains itself.
    """
    try:
        body = _encoder.encode(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise EncodingFailed(
            f"the turn cannot be written as JSON: {error}",
            hint="Keep to strings, numbers, booleans, None, lists and dicts in frame, slots and context",
        ) from error
    except RecursionError as error:
        raise EncodingFailed(
            "the turn cannot be written as JSON: a value is nested too deeply, or contains itself"
        ) from error
    if len(body) > 2 * levels and deeper_than(levels, body):  # nobody would read it
        raise EncodingFailed(f"the turn cannot be written: it is nested deeper than {MAX_DEPTH} levels")
    return body


def decode(body: bytes, kind: type[T]) -> T:
    """Decode JSON into a wire type.

    Args:
        body: The whole message.
        kind: A class of :mod:`mm_actions.contract.wire`.

    Raises:
        BadPayload: It is not JSON; the message gives the position.
        PayloadTooDeep: It is nested beyond :data:`MAX_DEPTH`.
        SchemaMismatch: It is JSON of another shape; the message gives the path.
    """
    value = parse(body, kind)
    # The interpreter's own limit differs between versions and call depths.
    if len(body) > _SHALLOW and deeper_than(MAX_DEPTH, body):
        raise PayloadTooDeep(f"nested deeper than {MAX_DEPTH} levels", sent=Sent.YES)
    return value


def parse(body: bytes, kind: type[T]) -> T:
    """Decode without a look at the depth, for a reader that looks itself: :func:`deeper_than`.

    Raises:
        BadPayload: As :func:`decode`.
        PayloadTooDeep: It is nested more deeply than the interpreter can bear.
        SchemaMismatch: As :func:`decode`.
    """
    try:
        if not body.isascii():
            body.decode()  # msgspec passes over strings of unknown members without looking at them
        return _DECODERS[kind].decode(body)  # type: ignore[no-any-return] # the decoder of that kind
    except msgspec.ValidationError as error:
        raise SchemaMismatch(f"not of the shape of the contract: {_pointed(error)}", sent=Sent.YES) from error
    except UnicodeDecodeError as error:
        raise BadPayload(f"not UTF-8: invalid byte at position {error.start}", sent=Sent.YES) from error
    except msgspec.DecodeError as error:
        raise BadPayload(f"not valid JSON: {error}", sent=Sent.YES) from error
    except RecursionError as error:
        raise PayloadTooDeep(f"nested deeper than {MAX_DEPTH} levels", sent=Sent.YES) from error


def deeper_than(levels: int, body: bytes) -> bool:
    """Tell whether a valid document has more than so many levels of nesting.

    Few documents have enough brackets for the question to arise. For those, count up and down, in C.
    """
    if body.count(b"[") + body.count(b"{") <= levels:
        return False
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = body.translate(None, _NEITHER_BRACKETS_NOR_QUOTES)
    outside = brackets.replace(b'""', b"")  # no quotes are left if no string holds a bracket
    brackets = _STRINGS.sub(b"", brackets) if b'"' in outside else outside
    return max(accumulate(array("b", brackets.translate(_UP_AND_DOWN))), default=0) > levels


def decode_answer(body: bytes, *, strict: bool = False) -> Answer:
    """Decode what an action answered.

    Args:
        body: The whole message.
        strict: Refuse two members of the same name; otherwise the last one counts (RFC 8259, 4).

    Raises:
        BadAnswer: One of :func:`decode`'s errors.
    """
    answer = decode(body, Answer)
    if strict:
        refuse_duplicates(body)
    return settled(answer)


def settled(answer: Answer) -> Answer:
    """Look at what the types of an answer do not say, and give its timestamp one form.

    Raises:
        SchemaMismatch: A directive or the timestamp is not what the contract says.
    """
    params = answer.params
    if params is not None and params.timestamp is not None:
        params.timestamp = _milliseconds(params.timestamp)
    for position, directive in enumerate(answer.directives or ()):
        if not (isinstance(directive.get("name", ""), str) and isinstance(directive.get("type", ""), str)):
            check_directive(directive, f"/directives/{position}")
    return answer


def check_directive(directive: Mapping[str, Any], pointer: str) -> None:
    """Refuse a directive whose name or type is not a string.

    Raises:
        SchemaMismatch: It is not.
    """
    for member in ("name", "type"):
        if not isinstance(directive.get(member, ""), str):
            raise SchemaMismatch(
                f"not of the shape of the contract: {pointer}/{member} is not a string", sent=Sent.YES
            )


def refuse_duplicates(body: bytes) -> None:
    """Refuse a document in which two members of an object have the same name.

    Raises:
        BadPayload: It has such members.
    """
    json.loads(body, object_pairs_hook=_without_duplicates)


def _without_duplicates(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        name = next(name for position, (name, _) in enumerate(members) if name in dict(members[:position]))
        raise BadPayload(f"not unambiguous JSON: two members are called {name[:50]!r}", sent=Sent.YES)
    return found


def _milliseconds(timestamp: int | str) -> int:
    """Read a timestamp in either of its forms, a number and MindMeld's string of digits."""
    if (
        isinstance(timestamp, str)
        and timestamp.isascii()
        and timestamp.isdecimal()
        and len(timestamp) <= _DIGITS
    ):
        timestamp = int(timestamp)
    if not isinstance(timestamp, int) or timestamp <= 0:
        raise SchemaMismatch(
            "not of the shape of the contract: not a number of milliseconds at /params/timestamp",
            sent=Sent.YES,
        )
    return timestamp


class _Decoders(dict[type, msgspec.json.Decoder[Any]]):
    """A decoder for each type, made when it is first asked for."""

    def __missing__(self, kind: type) -> msgspec.json.Decoder[Any]:
        self[kind] = msgspec.json.Decoder(kind)
        return self[kind]


def _plain(value: Any) -> Any:
    """Turn what users keep in a frame into what JSON has; msgspec asks for types it does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (tuple, frozenset)):  # msgspec writes these itself, except as a key
        raise TypeError(f"a {type(value).__name__} cannot be the name of a member")
    if isinstance(value, Iterable):
        return list(value)
    if callable(item := getattr(value, "item", None)):  # numpy's scalars
        return item()
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def _pointed(error: msgspec.ValidationError) -> str:
    """Rewrite msgspec's ``- at `$.a[0].b``` as a JSON Pointer (RFC 6901)."""
    text, found, path = str(error).partition(" - at `$")
    if not found:
        return f"{text} at the top level"
    pointer = path.rstrip("`").replace("[...]", "/*").replace("[", "/").replace("]", "").replace(".", "/")
    return f"{text} at {pointer}"


_DIGITS = 18  # of the largest integer that every language reads
_encoder = msgspec.json.Encoder(enc_hook=_plain)
_DECODERS = _Decoders()
_SHALLOW = 2 * MAX_DEPTH
"""Bytes in which nothing can be nested too deeply: each level is opened and closed."""
_STRINGS = re.compile(rb'"[^"]*"')
_UP_AND_DOWN = bytes.maketrans(b"[{]}", b"\1\1\xff\xff")  # as signed bytes, 1 and -1
_NEITHER_BRACKETS_NOR_QUOTES = bytes(set(range(256)) - set(b'[]{}"'))
