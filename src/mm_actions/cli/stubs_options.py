"""The options of `mm-actions stubs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from typer import Argument, Option

Language: TypeAlias = Annotated[
    str | None, Argument(help="What to write; --list shows what there is.", show_default=False)
]
Output: TypeAlias = Annotated[
    Path | None,
    Option("--output", "-o", metavar="DIR", help="The folder to write, which does not exist or is empty."),
]
ProfileName: TypeAlias = Annotated[
    Literal["core", "full"],
    Option(help="core: POST /action alone. full: the catalogue, streams and health checks as well."),
]
Package: TypeAlias = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Package, module, crate or namespace, as the language has it.",
        show_default="of the language",
    ),
]
ListThem: TypeAlias = Annotated[
    bool, Option("--list", help="Show every language, and whether what comes out is compiled in our tests.")
]
DryRun: TypeAlias = Annotated[
    bool, Option("--dry-run", help="Show the command and what is mended afterwards, and write nothing.")
]
Force: TypeAlias = Annotated[bool, Option("--force", help="Replace the folder, with all that is in it.")]
AsJson: TypeAlias = Annotated[bool, Option("--json", help="What is shown as one JSON document.")]
