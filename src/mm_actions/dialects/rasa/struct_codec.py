"""``google.protobuf.Struct`` as bytes, to and from dicts, without a message object for each value.

The bytes of an embedded message are those of a ``bytes`` field of the same number, so our messages declare
their Structs as bytes and leave them to this module: several times the speed of
``google.protobuf.json_format``, and members keep their order. What no usual writer writes is left to
protobuf.

The numbers of a Struct are doubles. One without a fraction comes back as an ``int``; an ``int`` beyond
2**53 arrives as the nearest double.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import encode as encode_json
from mm_actions.errors import BadPayload, EncodingFailed, PayloadTooDeep, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

EXACT = 2.0**53
"""Whole numbers up to here are the same as an ``int`` and as a double."""
_NULL, _NUMBER, _STRING, _BOOL, _STRUCT, _LIST = 0x08, 0x11, 0x1A, 0x20, 0x2A, 0x32
_ENTRY, _KEY, _VALUE = 0x0A, 0x0A, 0x12
_MORE = 0x80
_NUMBER_END = 9
_MOST_KEYS = 4096
_pack = struct.Struct("<Bd").pack
_unpack = struct.Struct("<d").unpack_from


class _Unusual(Exception):
    """Valid or not, it is not as the usual writers write it."""


def encode_struct(members: Mapping[str, Any]) -> bytes:
    """Write a dict.

    Raises:
        EncodingFailed: It holds a value that no Struct can carry, contains itself or is nested too deeply.
    """
    try:
        return _struct(members)
    except RecursionError as error:
        raise EncodingFailed(
            "the turn cannot be written as protobuf: a value is nested too deeply, or contains itself"
        ) from error
    except (UnicodeEncodeError, OverflowError, struct.error) as error:
        raise EncodingFailed(f"the turn cannot be written as protobuf: {error}") from error


def decode_struct(body: bytes) -> dict[str, Any]:
    """Read a dict.

    Raises:
        BadPayload: It is no Struct.
        PayloadTooDeep: It is nested more deeply than the interpreter can bear.
    """
    try:
        return _read_struct(body, 0, len(body))
    except (_Unusual, IndexError, UnicodeDecodeError, struct.error):
        return _read_slowly(body)
    except RecursionError as error:
        raise PayloadTooDeep("a Struct is nested too deeply", sent=Sent.YES) from error


def _varint(number: int) -> bytes:
    written = bytearray()
    while number >= _MORE:
        written.append(number & 0x7F | _MORE)
        number >>= 7
    written.append(number)
    return bytes(written)


_SHORT = tuple(map(_varint, range(1 << 14)))
_keys_written: dict[str, bytes] = {}


def _length(number: int) -> bytes:
    return _SHORT[number] if number < 1 << 14 else _varint(number)


def _struct(members: Mapping[str, Any]) -> bytes:
    parts: list[bytes] = []
    for name, value in members.items():
        key = _keys_written.get(name) or _written_key(name)
        written = _value(value)
        size = len(written)
        length = _length(size)
        parts += b"\x0a", _length(len(key) + len(length) + size), key, length, written
    return b"".join(parts)


def _written_key(name: Any) -> bytes:
    text = name if isinstance(name, str) else _json_name(name)
    raw = text.encode()
    key = b"\x0a" + _length(len(raw)) + raw + b"\x12"
    if isinstance(name, str) and len(raw) < _MORE:
        if len(_keys_written) >= _MOST_KEYS:
            _keys_written.clear()
        _keys_written[name] = key
    return key


def _value(value: Any) -> bytes:
    kind = type(value)
    if kind is str:
        raw: bytes = value.encode()
        return b"\x1a" + _length(len(raw)) + raw
    if kind is bool:
        return b"\x20\x01" if value else b"\x20\x00"
    if kind is float or kind is int:
        # NaN and infinities become null, as in JSON
        number: bytes = _pack(_NUMBER, value) if kind is int or math.isfinite(value) else b"\x08\x00"
        return number
    if value is None:
        return b"\x08\x00"
    if kind is dict:
        raw = _struct(value)
        return b"\x2a" + _length(len(raw)) + raw
    if kind is list or kind is tuple:
        parts: list[bytes] = []
        for each in value:
            raw = _value(each)
            parts += b"\x0a", _length(len(raw)), raw
        raw = b"".join(parts)
        return b"\x32" + _length(len(raw)) + raw
    return _value(msgspec.json.decode(encode_json(value)))  # dates, sets, mappings of any kind: as JSON


def _json_name(name: Any) -> str:
    return str(next(iter(msgspec.json.decode(encode_json({name: None})))))


def _read_length(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < _MORE:
            return number, at
        shift += 7


def _read_struct(body: bytes, at: int, end: int) -> dict[str, Any]:
    """Read entries up to ``end``: tag, length, then key and value with tag and length each."""
    members: dict[str, Any] = {}
    while at < end:
        if body[at] != _ENTRY:
            raise _Unusual
        stop = body[at + 1]
        at += 2
        if stop >= _MORE:
            stop, at = _read_length(body, at - 1)
        stop += at
        size = body[at + 1]
        start = at + 2
        if size >= _MORE:
            size, start = _read_length(body, at + 1)
        if stop > end or body[at] != _KEY:
            raise _Unusual
        at = start + size
        name = body[start:at].decode()
        size = body[at + 1]
        start = at + 2
        if size >= _MORE:
            size, start = _read_length(body, at + 1)
        if body[at] != _VALUE or start + size != stop:
            raise _Unusual
        members[name] = _read_value(body, start, stop)
        at = stop
    return members


def _read_value(body: bytes, at: int, end: int) -> Any:
    kind = body[at]
    if kind == _STRING or kind == _STRUCT or kind == _LIST:  # noqa: PLR1714, SIM109 - a third of the time of `in`
        size = body[at + 1]
        at += 2
        if size >= _MORE:
            size, at = _read_length(body, at - 1)
        if at + size != end:
            raise _Unusual
        if kind == _STRING:
            return body[at:end].decode()
        if kind == _STRUCT:
            return _read_struct(body, at, end)
        return _read_list(body, at, end)
    if kind == _NUMBER and at + _NUMBER_END == end:
        return _number(_unpack(body, at + 1)[0])
    if at + 2 == end:
        if kind == _NULL and not body[at + 1]:
            return None
        if kind == _BOOL and body[at + 1] <= 1:
            return body[at + 1] == 1
    raise _Unusual


def _read_list(body: bytes, at: int, end: int) -> list[Any]:
    values = []
    while at < end:
        if body[at] != _ENTRY:
            raise _Unusual
        size, start = _read_length(body, at + 1)
        at = start + size
        if at > end:
            raise _Unusual
        values.append(_read_value(body, start, at))
    return values


def _number(number: float) -> int | float:
    if not math.isfinite(number):
        raise BadPayload("not JSON: it holds a number that JSON does not have", sent=Sent.YES)
    return int(number) if number.is_integer() and -EXACT <= number <= EXACT else number


def _read_slowly(body: bytes) -> dict[str, Any]:
    """Read what is written in an unusual way: members in another order, repeated, or left out."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - an extra
    from google.protobuf.struct_pb2 import Struct  # noqa: PLC0415 - an extra

    try:
        whole = Struct.FromString(body)
    except (DecodeError, UnicodeDecodeError) as error:
        raise BadPayload("not valid protobuf: a Struct cannot be read", sent=Sent.YES) from error
    return {name: _slow_value(value) for name, value in whole.fields.items()}


def _slow_value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return {name: _slow_value(each) for name, each in value.struct_value.fields.items()}
    if kind == "list_value":
        return [_slow_value(each) for each in value.list_value.values]
    if kind == "number_value":
        return _number(value.number_value)
    return getattr(value, kind) if kind in {"string_value", "bool_value"} else None
