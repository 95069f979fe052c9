"""How long the choice among 10, 100 and 1,000 rules takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from benchmarks import turns
from benchmarks.measure import Candidate, Table, Target, interleave
from mm_actions.application.index import RuleIndex
from mm_actions.application.rules import make_rule

if TYPE_CHECKING:
    from benchmarks.options import Options

_COUNTS = (10, 100, 1_000)
_CHOICES = 20_000
_MOST_US = 5.0
_DEFAULT: dict[str, Any] = {"default": True}


def run(options: Options) -> list[Table]:
    """Measure the choice with each number of rules."""
    choices = options.calls(_CHOICES)
    most = _named(_COUNTS[-1])
    return [
        interleave(
            "Rule choice",
            [_choosing(count, choices) for count in _COUNTS],
            rounds=options.rounds,
            targets=[
                Target(candidate=most, figure="cpu_us", most=_MOST_US),
                Target(candidate=most, reference=_named(_COUNTS[0]), figure="cpu_us", most=1.5),
            ],
            note="Rules of every kind: an intent, a domain, entity types, and the default.",
            growth=(_named(_COUNTS[0]), most),
        )
    ]


def _choosing(count: int, choices: int) -> Candidate:
    index = RuleIndex(
        make_rule(f"state {number}", print, conditions)
        for number, conditions in enumerate([_DEFAULT, *map(_conditions, range(count - 1))])
    )
    requests = [turns.request(), turns.request(turns=3)]

    def choose() -> dict[str, float]:
        started = time.process_time()
        for number in range(choices):
            if index.taking(requests[number % 2]) is None:
                raise RuntimeError("no rule took the turn")
        return {"cpu_us": (time.process_time() - started) / choices * 1e6}

    return Candidate(name=_named(count), run=choose)


def _conditions(number: int) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [
        {"domain": f"domain {number % 20}", "intent": f"intent {number}"},
        {"intent": f"intent {number}", "has_entity": "size"},
        {"domain": "coffee", "has_entities": ["size", f"kind {number}"]},
        {"domain": f"domain {number}"},
        {"domain": "coffee", "intent": "order", "has_entity": f"kind {number}"},
    ]
    return kinds[number % len(kinds)]


def _named(count: int) -> str:
    return f"{count:,} rules"
