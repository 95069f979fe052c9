"""``python -m benchmarks``: run the families, print their tables; exit code 1 if a target is missed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks import door
from benchmarks.report import as_json, as_text, missed

FAMILIES = {"door": door}


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("family", nargs="*", choices=[[], *FAMILIES], help="which; all if none is named")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--rasa", type=Path, help="the Python of a virtual environment with rasa_sdk")
    parser.add_argument("--json", type=Path, help="where to write all samples")
    options = parser.parse_args()
    tables = []
    for name in options.family or FAMILIES:
        for table in FAMILIES[name].run(quick=options.quick, rasa=options.rasa):
            print(as_text(table), flush=True)
            tables.append(table)
    if options.json:
        options.json.write_text(json.dumps([as_json(table) for table in tables], indent=2) + "\n")
    return 1 if any(map(missed, tables)) else 0


if __name__ == "__main__":
    sys.exit(main())
