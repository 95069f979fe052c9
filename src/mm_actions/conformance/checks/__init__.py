"""The checks, a module for each topic."""

from __future__ import annotations

from mm_actions.conformance.check import Check
from mm_actions.conformance.checks import (
    answers,
    bad_input,
    concurrency,
    health,
    http,
    idempotency,
    limits,
    payloads_taken,
    security,
    stream,
)

_TOPICS = (
    payloads_taken,
    answers,
    bad_input,
    limits,
    http,
    concurrency,
    idempotency,
    health,
    stream,
    security,
)

CHECKS: tuple[Check, ...] = tuple(
    sorted(
        (found for topic in _TOPICS for found in vars(topic).values() if isinstance(found, Check)),
        key=lambda found: found.id,
    )
)
"""Every check, by id."""
