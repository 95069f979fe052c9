"""A run as a page of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.misses import why
from benchmarks.report import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.families import Family
    from benchmarks.measure import Table

_INTRODUCTION = """\
# Performance

This page is written by `python -m benchmarks --report docs/performance.md`; do not edit it. Within a table,
all candidates took turns in one run, in an order that changed from round to round, so the ratios hold
although absolute times differ from machine to machine and from hour to hour. A cell is the median of
{rounds} rounds, then the least and the greatest of them, then the median of the ratios to the table's first
line, round by round.

`make bench` prints these tables on your machine, `make bench-quick` does so with fewer calls; both end with
an error if a target is missed. `cpu_us` is the processor time of the whole client process for a call, in µs
(of the server process, in the tables of the server's door), and says more than `p50_us`, the median of what
callers waited, when something else runs on the machine. Name families to run them alone:
`python -m benchmarks calls door`.
"""

_LIMITS = """\
## What this does not show

- **The network.** Client and server are on one machine, over the loopback. A real network adds its latency
  to every candidate alike; then the ratios of p50 come closer to 1, and those of processor time stay. What
  a new connection for every call costs grows with the distance.
- **The far end.** It runs on the last core, the clients on the others. A small process answers every client
  with the same half kilobyte. Its own time is part of every p50, the raw socket's too; so a faster server
  would show larger ratios of p50.
- **A machine of its own.** Candidates share the cores with the server, and with what else ran: see the
  load.
- **Tails.** A round is too short for more than the 99th percentile, and the garbage is collected before
  each.
- **Failures.** All calls succeed: what retries and breakers do is the subject of
  [Reliability](reliability.md).
- **Other people's tuning.** Peers run as their documentation sets them up, with one trivial action each.
  "MindMeld's way" is a re-telling of what MindMeld does for a call, with less work than the real one, which
  is measured where its folder is given.
- Figures that are judged by themselves, such as the time of an import, depend on the machine.
"""


def as_page(
    families: Mapping[str, Family],
    tables: Mapping[str, Sequence[Table]],
    machine: Mapping[str, str],
    *,
    rounds: int,
    pictures: Mapping[str, str],
) -> str:
    """Write the page.

    Args:
        families: All families by name.
        tables: The tables of those that were run.
        machine: On what.
        rounds: How many rounds there were.
        pictures: Links to their pictures.
    """
    parts = [
        _INTRODUCTION.format(rounds=rounds),
        "\n".join(_what_was_reached(tables)),
        *(["\n".join(missed)] if (missed := list(why(tables))) else []),
        "\n".join(_ran_on(machine)),
    ]
    for name, found in tables.items():
        said = " ".join((families[name].__doc__ or "").split())
        parts += [f"## `{name}`\n\n{said}\n\n![{name}]({pictures[name]})\n", *map(_section, found)]
    return "\n".join([*parts, _LIMITS])


def write_pictures(pictures: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Write pictures into a folder, and give their paths beside it, by family."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (folder / f"performance-{name}.svg").write_text(picture)
    return {name: f"{folder.name}/performance-{name}.svg" for name in pictures}


def _what_was_reached(tables: Mapping[str, Sequence[Table]]) -> Iterator[str]:
    yield "## What was to be reached\n"
    yield "| table | figure | to reach | came to | |\n|---|---|---|---|---|"
    for found in tables.values():
        for table in found:
            for target in table.targets:
                word = "reached" if table.reached(target) else "**missed**"
                most, ratio = number(target.most), number(table.ratio(target))
                yield f"| {table.title} | {target} | {most} | {ratio} | {word} |"
    yield ""


def _ran_on(machine: Mapping[str, str]) -> Iterator[str]:
    yield "## What it ran on\n\n| | |\n|---|---|"
    yield from (f"| {name} | {value} |" for name, value in machine.items())
    yield ""


def _section(table: Table) -> str:
    names = list(dict.fromkeys(name for figures in table.figures.values() for name in figures))
    lines = [f"### {table.title}\n", f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [
        f"| {candidate} | {' | '.join(_cell(table, candidate, name) for name in names)} |"
        for candidate in table.figures
    ]
    return "\n".join([*lines, "", *([remark, ""] if (remark := table.remark()) else [])])


def _cell(table: Table, candidate: str, figure: str) -> str:
    samples = table.figures[candidate].get(figure)
    if samples is None:
        return ""
    shown = number(table.median(candidate, figure))
    if len(samples) > 1:
        shown += f" ({number(min(samples))} to {number(max(samples))})"
    ratio = table.ratio_to_first(candidate, figure)
    return shown if ratio is None else f"{shown} {ratio:.2f}x"
