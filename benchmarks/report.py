"""A table as text and as JSON."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.measure import Table


def as_text(table: Table) -> str:
    """Give medians with their spread, then the ratios that were to be reached."""
    lines = ["", table.title]
    for candidate, figures in table.figures.items():
        cells = "   ".join(f"{name} {_spread(samples)}" for name, samples in figures.items())
        lines.append(f"  {candidate:<20} {cells}")
    for target in table.targets:
        ratio = table.ratio(target)
        verdict = "reached" if ratio <= target.most else "MISSED"
        lines.append(
            f"  {target.candidate} / {target.reference}, {target.figure}: {ratio:.3f}"
            f" (to reach: {target.most:g}): {verdict}"
        )
    return "\n".join(lines)


def as_json(table: Table) -> dict[str, Any]:
    """Give every sample, and the ratios."""
    return {
        "title": table.title,
        "samples": table.figures,
        "targets": [
            {
                "candidate": target.candidate, "reference": target.reference, "figure": target.figure,
                "most": target.most, "ratio": table.ratio(target),
            }
            for target in table.targets
        ],
    }  # fmt: skip


def missed(table: Table) -> bool:
    """Tell whether a target was missed."""
    return any(table.ratio(target) > target.most for target in table.targets)


def _spread(samples: list[float]) -> str:
    return f"{statistics.median(samples):.4g} [{min(samples):.4g} to {max(samples):.4g}]"
