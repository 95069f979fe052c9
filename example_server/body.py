"""The checks a body must pass before a JSON library of ordinary strictness may see it."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from example_server.problems import Problem, RefusedError

MAX_BODY = 16 * 1024 * 1024
MAX_DEPTH = 200

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def check(body: bytes) -> None:
    """Refuse what is not UTF-8, not JSON, nested too deep, or holds what JSON cannot carry back.

    Raises:
        RefusedError: 400.
    """
    if not body.strip(b" \t\r\n"):
        raise _bad("The request has no body.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(f"The body is not UTF-8 at byte {error.start}.") from error
    if _too_deep(body):
        raise _bad(f"The body is nested deeper than {MAX_DEPTH} levels.")
    try:
        value = json.loads(text, parse_constant=_constant, parse_float=_number)
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise _bad("The body holds half of a surrogate pair.") from error
    except json.JSONDecodeError as error:
        raise _bad(f"The body is not JSON: line {error.lineno}, column {error.colno}.") from error
    except ValueError as error:
        # Python refuses integers of more than 4,300 digits with a bare ValueError.
        raise _bad("The body holds a number out of range.") from error


def _too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _TOKEN.finditer(body):
        token = match[0]
        if token in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif token in b"]}":
            depth -= 1
    return False


def _constant(name: str) -> NoReturn:
    raise _bad(f"{name} is not JSON.")


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError
    return number


def _bad(detail: str) -> RefusedError:
    return RefusedError(Problem.of(400, detail))
