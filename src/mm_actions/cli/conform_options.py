"""The options of `mm-actions conform`; those of the server are as of `mm-actions call`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from typer import Argument, Option

_CHECKS, _SERVER, _SHOWN = "The checks", "The server", "What is shown"
_FROM_ENVIRONMENT = "write '${NAME}' to take it from the environment."

Url: TypeAlias = Annotated[
    str | None,
    Argument(help="The server, such as http://localhost:8080; without a path, /action.", show_default=False),
]

# The checks
Level: TypeAlias = Annotated[
    Literal["core", "full"],
    Option(help="core: what every server passes. full: every check.", rich_help_panel=_CHECKS),
]
Action: TypeAlias = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="A known action that may be called many times; by default the first idempotent one listed.",
        rich_help_panel=_CHECKS,
    ),
]
Only: TypeAlias = Annotated[
    str | None, Option(metavar="IDS", help="These checks alone, such as C05,C23.", rich_help_panel=_CHECKS)
]
Strict: TypeAlias = Annotated[
    bool, Option("--strict", help="Count a SHOULD as a MUST.", rich_help_panel=_CHECKS)
]
Timeout: TypeAlias = Annotated[
    float, Option(metavar="SECONDS", min=0.1, help="For the whole run.", rich_help_panel=_CHECKS)
]
Wait: TypeAlias = Annotated[
    float, Option(metavar="SECONDS", min=0.1, help="For a single answer.", rich_help_panel=_CHECKS)
]
ListThem: TypeAlias = Annotated[
    bool, Option("--list", help="Show the checks, and make none.", rich_help_panel=_CHECKS)
]

# The server
ActionPath: TypeAlias = Annotated[
    str | None,
    Option("--path", metavar="PATH", help="Where actions are posted.", rich_help_panel=_SERVER),
]
MaxBody: TypeAlias = Annotated[
    int, Option(metavar="BYTES", min=1024, help="The largest body it takes.", rich_help_panel=_SERVER)
]
Bearer: TypeAlias = Annotated[
    str | None,
    Option(
        "--bearer",
        "--token",
        metavar="TOKEN",
        help=f"Its bearer token; {_FROM_ENVIRONMENT}",
        rich_help_panel=_SERVER,
    ),
]
HmacSecret: TypeAlias = Annotated[
    str | None,
    Option(
        metavar="TEXT",
        help=f"Its secret for X-MM-Signature; {_FROM_ENVIRONMENT}",
        rich_help_panel=_SERVER,
    ),
]

# What is shown
Junit: TypeAlias = Annotated[
    Path | None,
    Option("--junit", metavar="FILE", help="Write JUnit XML there as well.", rich_help_panel=_SHOWN),
]
Verbose: TypeAlias = Annotated[
    bool,
    Option(
        "--verbose",
        "-v",
        help="The checks that passed, too; with --json every exchange.",
        rich_help_panel=_SHOWN,
    ),
]
