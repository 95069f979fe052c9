"""The table of faults: each row says what goes wrong, what comes of it, and how that is shown.

`docs/reliability.md` is written from these rows, by tools/fault_table.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from faults.bench import Bench

Show = Callable[[Bench], None]

GROUPS = {
    "C": "Connection",
    "B": "What is answered",
    "P": "Statuses",
    "T": "TLS",
    "D": "Repeated calls",
    "Q": "Sequences and merging",
    "L": "Load and concurrency",
    "S": "Security",
    "H": "Actions of this process",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault.

    Attributes:
        id: A letter for the group and a number; a small letter sets apart the forms of one fault.
        fault: What goes wrong.
        outcome: What comes of it.
        show: Shows it on a bench.
        slow: Whether it takes real time, and so belongs to the slow suite.
        without: Engines that cannot promise it, with the reason.
        once: Whether the engine and the colour play no part.
        in_process: Whether it is a fault of an action that runs in the caller's own process, without engine.
    """

    id: str
    fault: str
    outcome: str
    show: Show
    slow: bool = False
    without: dict[str, str] = field(default_factory=dict)
    once: bool = False
    in_process: bool = False


ROWS: dict[str, Row] = {}


def row(
    row_id: str,
    fault: str,
    outcome: str,
    *,
    slow: bool = False,
    without: dict[str, str] | None = None,
    once: bool = False,
    in_process: bool = False,
) -> Callable[[Show], Show]:
    """Put the decorated function into the table."""

    def enter(show: Show) -> Show:
        assert row_id not in ROWS, f"two rows are called {row_id}"
        ROWS[row_id] = Row(
            id=row_id,
            fault=fault,
            outcome=outcome,
            show=show,
            slow=slow,
            without=without or {},
            once=once,
            in_process=in_process,
        )
        return show

    return enter
