"""`mm-actions check`: whether the settings of actions can work, before a user finds out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

from rich.table import Table
from rich.text import Text
from typer import Argument, Option

from mm_actions.cli.check_files import file_findings
from mm_actions.cli.check_server import server_findings
from mm_actions.cli.display import console
from mm_actions.cli.findings import failed, skipped
from mm_actions.cli.printable import document, printable
from mm_actions.cli.servers import config_at
from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from mm_actions.cli.findings import Finding
    from mm_actions.config import Config

AT_ONCE = 8
_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


def check(
    config: Annotated[
        Path | None,
        Argument(
            help="An actions.yaml, or an app's folder; by default MM_ACTIONS_* and the actions.yaml here."
        ),
    ] = None,
    *,
    connect: Annotated[
        bool, Option("--connect/--no-connect", help="Ask the servers, or only look at files.")
    ] = True,
    as_json: Annotated[bool, Option("--json", help="One JSON document.")] = False,
) -> int:
    """Check settings: files, keys and certificates with their dates, each server, the actions that it lists.

    A certificate that ends within 30 days is a warning. The exit code is 0 if nothing failed, and otherwise
    says what kind of failure came first.

    For example:

      mm-actions check actions.yaml

      mm-actions check examples/coffee_shop --no-connect --json
    """
    try:
        settings = config_at(config)
    except ConfigurationError as error:
        if as_json:
            _print_document(None, [("", failed("settings", error))])
        raise
    with ThreadPoolExecutor(AT_ONCE) as workers:
        groups = list(workers.map(lambda name: _findings(settings, name, connect=connect), settings.servers))
    findings = [found for group in groups for found in group]
    if as_json:
        _print_document(settings, findings)
    else:
        _print_table(settings, findings)
    return next((found.exit_code for _, found in findings if found.status == "failed"), 0)


def _findings(config: Config, name: str, *, connect: bool) -> list[tuple[str, Finding]]:
    """Look at one server; the files first, since a server cannot be asked with broken ones."""
    settings = config.servers[name]
    found = list(file_findings(settings, datetime.now(UTC)))
    if connect:
        actions = [action for action, server in config.actions.items() if server == name]
        found += server_findings(name, settings, actions)
    else:
        found.append(skipped("reached", "not asked, as --no-connect says"))
    return [(name, each) for each in found]


def _print_document(config: Config | None, findings: list[tuple[str, Finding]]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "server": server,
            "status": found.status,
            "subject": found.subject,
            "detail": found.detail,
            **found.facts,
        }
        for server, found in findings
    ]
    print(  # noqa: T201 - goes to a program
        document(
            {
                "ok": all(found.status != "failed" for _, found in findings),
                "source": config.source if config else None,
                "servers": {name: settings.url for name, settings in config.servers.items()}
                if config
                else {},
                "findings": rows,
            }
        )
    )


def _print_table(config: Config, findings: list[tuple[str, Finding]]) -> None:
    out = console()
    rows: list[tuple[str, str, str, str]] = [
        (printable(server), found.status, printable(found.subject), printable(found.detail, most=None))
        for server, found in findings
    ]
    for name, settings in config.servers.items():
        out.print(f"server {printable(name)}: {printable(settings.url)}")
    if out.is_terminal:
        out.print(_table(rows))
    else:
        widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
        for row in rows:
            out.print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    failures = sum(found.status == "failed" for _, found in findings)
    warnings = sum(found.status == "warning" for _, found in findings)
    out.print(f"{printable(config.source)}: {failures} failed, {warnings} to look at, {len(findings)} in all")


def _table(rows: list[tuple[str, str, str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("server", "", "what", "detail"):
        table.add_column(title, overflow="fold")
    for server, status, subject, detail in rows:
        table.add_row(Text(server), Text(status, style=_STYLES[status]), Text(subject), Text(detail))
    return table
