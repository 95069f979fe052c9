"""Says how many of mutmut's changes the tests noticed: python -m tools.mutation_score STATS LEAST.

A change that made the tests run for ever was noticed too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Print the score in percent; fail if it is below the least one."""
    stats = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    noticed = stats["killed"] + stats["timeout"]
    judged = stats["total"] - stats["skipped"]
    score = 100 * noticed / judged
    print(f"mutation score: {score:.1f} %, {noticed} of {judged} changes noticed")  # noqa: T201 - a command
    return 0 if score >= float(arguments[1]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
