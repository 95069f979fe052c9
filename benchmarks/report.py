"""A table as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.measure import Table, Target


def as_text(table: Table) -> str:
    """Give medians with their spread and their ratio to the first, then what was to be reached."""
    lines = ["", table.title]
    width = max(map(len, table.figures))
    for candidate, figures in table.figures.items():
        cells = "   ".join(f"{name} {spread(table, candidate, name)}" for name in figures)
        lines.append(f"  {candidate:<{width}}   {cells}")
    lines += [f"  {remark}"] if (remark := table.remark()) else []
    lines += [f"  {verdict(table, target)}" for target in table.targets]
    return "\n".join(lines)


def as_json(table: Table) -> dict[str, Any]:
    """Give every sample, and the ratios."""
    return {
        "title": table.title,
        "note": table.remark(),
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
    return not all(map(table.reached, table.targets))


def verdict(table: Table, target: Target) -> str:
    """Say in a line what was to be reached, and whether it was."""
    word = "reached" if table.reached(target) else "MISSED"
    return f"{target}: {number(table.ratio(target))} (to reach: {number(target.most)}): {word}"


def spread(table: Table, candidate: str, figure: str) -> str:
    """Give the median, the least and the greatest, and the ratio to the first candidate."""
    samples = table.figures[candidate][figure]
    shown = f"{number(table.median(candidate, figure))} [{number(min(samples))} to {number(max(samples))}]"
    ratio = table.ratio_to_first(candidate, figure)
    return shown if ratio is None else f"{shown} {ratio:.2f}x"


def number(value: float) -> str:
    """Give three digits that say something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
