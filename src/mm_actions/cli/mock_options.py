"""The options of `mm-actions mock`, `record` and `replay`; those of a port are as of `mm-actions serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from typer import Argument, Option

_ANSWERS, _FAULTS, _FILES, _SHOWN, _LIMITS = "Answers", "Faults", "Files", "What is shown", "Limits"

# mock
Examples: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="DIR",
        help="Examples in the form of the contract's, which are offered by default.",
        rich_help_panel=_ANSWERS,
    ),
]
Exchanges: TypeAlias = Annotated[
    Path | None,
    Option(metavar="DIR", help="What mm-actions record has written.", rich_help_panel=_ANSWERS),
]
Match: TypeAlias = Annotated[
    list[str] | None,
    Option(
        metavar="MEMBER",
        help="A member by which calls of an action are told apart; request.text by default. Repeatable.",
        rich_help_panel=_ANSWERS,
    ),
]
StrictRequests: TypeAlias = Annotated[
    bool,
    Option("--strict", help="Refuse members that the contract does not know.", rich_help_panel=_ANSWERS),
]
Pace: TypeAlias = Annotated[
    float,
    Option(
        metavar="SECONDS", min=0, max=60, help="Before each directive of a stream.", rich_help_panel=_ANSWERS
    ),
]
FaultRules: TypeAlias = Annotated[
    list[str] | None,
    Option(
        "--fault",
        metavar="ACTION=FAULT[:PROBABILITY]",
        help="What goes wrong, such as place_order=503, '*=latency=0.5' or '*=reset:0.1'. Repeatable.",
        rich_help_panel=_FAULTS,
    ),
]
FaultHeader: TypeAlias = Annotated[
    bool,
    Option("--fault-header", help="Let a call ask for a fault in X-MM-Fault: 503.", rich_help_panel=_FAULTS),
]
ListFaults: TypeAlias = Annotated[
    bool, Option("--list-faults", help="Show the faults, and serve nothing.", rich_help_panel=_FAULTS)
]
Seed: TypeAlias = Annotated[
    int | None,
    Option(metavar="N", help="Draws the same faults for the same calls.", rich_help_panel=_FAULTS),
]

# record
To: TypeAlias = Annotated[
    str,
    Option(metavar="URL", help="The real server, such as http://localhost:8080.", show_default=False),
]
Output: TypeAlias = Annotated[
    Path,
    Option("--output", "-o", metavar="DIR", help="Where the files go.", show_default=False),
]
Redact: TypeAlias = Annotated[
    list[str] | None,
    Option(
        metavar="MEMBER",
        help="A member that is secret, such as context.token. Repeatable.",
        rich_help_panel=_FILES,
    ),
]
KeepHeader: TypeAlias = Annotated[
    list[str] | None,
    Option(
        metavar="NAME",
        help="A further header to write down; secret ones never are. Repeatable.",
        rich_help_panel=_FILES,
    ),
]
MaxRecorded: TypeAlias = Annotated[
    int,
    Option(
        "--max-body",
        metavar="BYTES",
        min=0,
        help="Of a body that is written down; larger ones pass all the same.",
        rich_help_panel=_LIMITS,
    ),
]
MaxExchanges: TypeAlias = Annotated[
    int,
    Option(metavar="N", min=1, help="That are written down; later ones pass.", rich_help_panel=_LIMITS),
]
Quiet: TypeAlias = Annotated[
    bool, Option("--quiet", "-q", help="No line for each exchange.", rich_help_panel=_SHOWN)
]

# replay
Folder: TypeAlias = Annotated[
    Path, Argument(metavar="DIR", help="What mm-actions record has written.", show_default=False)
]
Ignore: TypeAlias = Annotated[
    list[str] | None,
    Option(
        metavar="MEMBER",
        help="A member of answers that may differ, such as frame.order_id. Repeatable.",
        rich_help_panel=_ANSWERS,
    ),
]
EachTimeout: TypeAlias = Annotated[
    float, Option("--timeout", metavar="SECONDS", min=0.01, help="For each answer.", rich_help_panel=_LIMITS)
]
