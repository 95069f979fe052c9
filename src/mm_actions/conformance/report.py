"""What a run found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mm_actions.conformance.showing import Shown

if TYPE_CHECKING:
    from mm_actions.conformance.check import Check
    from mm_actions.conformance.exchange import Exchange
    from mm_actions.conformance.target import ConformanceOptions, Target

Status: TypeAlias = Literal["passed", "failed", "skipped"]
Verdict: TypeAlias = Literal["conforms", "fails", "incomplete"]
FORMAT = 1
"""Version of the JSON document; it grows when a member goes or changes its meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a check ended.

    Attributes:
        check: The check.
        status: How it ended.
        reason: Why it failed or was skipped; of one that passed, a remark.
        exchange: What shows the failure.
        exchanges: All that were made for it; what checks share is with the first that needed it.
        unmade: Whether it was skipped because the time was up.
        elapsed: Seconds it took.
    """

    check: Check
    status: Status
    reason: str = ""
    exchange: Exchange | None = None
    exchanges: tuple[Exchange, ...] = ()
    unmade: bool = False
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of a run.

    Attributes:
        target: The server.
        options: What was asked for.
        action: The action that was called.
        results: One for each check, by id.
        elapsed: Seconds it took.
    """

    target: Target
    options: ConformanceOptions
    action: str
    results: tuple[Result, ...]
    elapsed: float

    def failures(self, *severities: str) -> list[Result]:
        """Give the failed checks of these severities; all of them without any."""
        return [
            result
            for result in self.results
            if result.status == "failed" and (not severities or result.check.severity in severities)
        ]

    def verdict(self, *, strict: bool = False) -> Verdict:
        """Judge.

        Args:
            strict: Whether a SHOULD counts as a MUST.
        """
        if self.failures("MUST", "SHOULD") if strict else self.failures("MUST"):
            return "fails"
        return "incomplete" if any(result.unmade for result in self.results) else "conforms"

    def document(self, *, strict: bool = False, verbose: bool = False) -> dict[str, Any]:
        """Give the report for programs, as docs/conformance.md describes it.

        Args:
            strict: Whether a SHOULD counts as a MUST.
            verbose: Whether every exchange is in it, rather than those that show failures.
        """
        shown = Shown(self.target)
        counts = Counter(result.status for result in self.results)
        return {
            "format": FORMAT,
            "kit": version("mm_actions"),
            "url": f"{self.target.origin}{self.target.path}",
            "action": self.action,
            "level": self.options.level,
            "strict": strict,
            "verdict": self.verdict(strict=strict),
            "counts": {
                "passed": counts["passed"],
                "failed_must": len(self.failures("MUST")),
                "failed_should": len(self.failures("SHOULD")),
                "failed_may": len(self.failures("MAY")),
                "skipped": counts["skipped"],
            },
            "elapsed": round(self.elapsed, 3),
            "checks": [
                {
                    "id": result.check.id,
                    "title": result.check.title,
                    "topic": result.check.topic,
                    "level": result.check.level,
                    "severity": result.check.severity,
                    "status": result.status,
                    "reason": shown.text(result.reason),
                    "elapsed": round(result.elapsed, 3),
                    "exchange": None if result.exchange is None else shown.document(result.exchange),
                    **({"exchanges": list(map(shown.document, result.exchanges))} if verbose else {}),
                }
                for result in self.results
            ],
        }
