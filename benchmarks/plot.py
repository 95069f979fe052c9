"""A family as a picture: for each table, bars of the medians with lines from the least to the greatest."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from benchmarks.report import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.measure import Table

_WIDTH, _LEFT, _RIGHT = 860, 250, 130
_LINE, _TITLE, _MARGIN = 22, 40, 16
_PALE, _STRONG, _DARK = "#b6c2cf", "#2f6fb0", "#1f2933"


def as_svg(tables: Sequence[Table], *, emphasised: str = "mm_actions") -> str:
    """Draw the first figure of each table.

    Args:
        tables: A family's.
        emphasised: Candidates whose name contains this stand out.
    """
    height = _MARGIN
    parts: list[str] = []
    for table in tables:
        figure = next(iter(next(iter(table.figures.values()))))
        parts.append(_text(_MARGIN, height + 20, f"{table.title}: {figure}", bold=True))
        height += _TITLE
        longest = max(max(figures[figure]) for figures in table.figures.values()) or 1.0
        scale = (_WIDTH - _LEFT - _RIGHT) / longest
        for name, figures in table.figures.items():
            colour = _STRONG if emphasised in name else _PALE
            parts.extend(
                _bar(
                    height,
                    name,
                    samples=figures[figure],
                    median=table.median(name, figure),
                    scale=scale,
                    colour=colour,
                )
            )
            height += _LINE
        height += _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _bar(
    top: int, name: str, *, samples: Sequence[float], median: float, scale: float, colour: str
) -> Iterable[str]:
    middle = top + _LINE / 2
    least, most = _LEFT + min(samples) * scale, _LEFT + max(samples) * scale
    yield _text(_LEFT - 8, middle + 4, name, anchor="end")
    yield (
        f'<rect x="{_LEFT}" y="{top + 3}" width="{max(1.0, median * scale):.1f}" height="{_LINE - 6}" '
        f'fill="{colour}"/>'
    )
    yield f'<path d="M{least:.1f} {middle:.1f}H{most:.1f}" stroke="{_DARK}"/>'
    yield _text(most + 6, middle + 4, number(median))


def _text(x: float, y: float, text: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_DARK}"{weight}>{escape(text)}</text>'
    )
