"""``python -m benchmarks``: run the families, print their tables; exit code 1 if a target is missed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.families import FAMILIES
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.page import as_page, write_pictures
from benchmarks.plot import as_svg
from benchmarks.report import as_json, as_text, missed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Table

_QUICK = {"rounds": 5, "share": 0.08}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    asked = _parser().parse_args(arguments)
    size = {"rounds": asked.rounds, "share": asked.share}
    given = {name: value for name, value in size.items() if value is not None}
    options = Options(rasa=asked.rasa, mindmeld=asked.mindmeld, **((_QUICK if asked.quick else {}) | given))
    machine = describe()
    tables: dict[str, list[Table]] = {}
    for name in asked.family or FAMILIES:
        tables[name] = FAMILIES[name].run(options)
        print("\n".join(map(as_text, tables[name])), flush=True)
    _write(tables, machine, options, asked.out, asked.report)
    return 1 if any(missed(table) for found in tables.values() for table in found) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("family", nargs="*", choices=[[], *FAMILIES], help="which; all if none is named")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and calls: under two minutes")
    parser.add_argument("--rounds", type=int, help="how many rounds, instead of 7 or 5")
    parser.add_argument("--share", type=float, help="the part of a full round's calls that are made")
    parser.add_argument("--rasa", type=Path, help="the Python of a virtual environment with rasa_sdk")
    parser.add_argument("--mindmeld", type=Path, help="the folder of an unpacked wheel of mindmeld")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"), help="where JSON and plots go")
    parser.add_argument("--report", type=Path, help="the page to write, with its plots in images/ beside it")
    return parser


def _write(
    tables: dict[str, list[Table]], machine: dict[str, str], options: Options, out: Path, page: Path | None
) -> None:
    pictures = {name: as_svg(found) for name, found in tables.items()}
    out.mkdir(parents=True, exist_ok=True)
    for name, found in tables.items():
        run = {"machine": machine, "rounds": options.rounds, "tables": [as_json(table) for table in found]}
        (out / f"{name}.json").write_text(json.dumps(run, indent=2) + "\n")
        (out / f"{name}.svg").write_text(pictures[name])
    if page is not None:
        links = write_pictures(pictures, page.parent / "images")
        page.write_text(as_page(FAMILIES, tables, machine, rounds=options.rounds, pictures=links))


if __name__ == "__main__":
    sys.exit(main())
