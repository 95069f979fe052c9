"""Time and chance in the test's hand, and the vectors."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from mm_actions import errors

VECTORS = Path(__file__).parent / "vectors"


def load(name: str) -> dict[str, Any]:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


class FakeClock:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class FixedRandom:
    """Returns the given numbers in turn, again and again."""

    def __init__(self, *numbers: float) -> None:
        self._numbers = itertools.cycle(numbers)

    def random(self) -> float:
        return next(self._numbers)


def every_error() -> list[type[errors.InvocationError]]:
    found = [errors.InvocationError]
    for known in found:
        found.extend(known.__subclasses__())
    return [error for error in dict.fromkeys(found) if error.__module__ == errors.__name__]


KINDS = {error.kind: error for error in every_error()}


def make_error(description: dict[str, Any]) -> errors.InvocationError:
    fields = {
        name: description[name] for name in ("status", "retry_after", "do_not_retry") if name in description
    }
    return KINDS[description["kind"]]("as the vector says", sent=errors.Sent(description["sent"]), **fields)
