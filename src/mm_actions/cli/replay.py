"""`mm-actions replay`: recorded requests sent again, and their answers compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from mm_actions.cli import call_options as given  # noqa: TC001 - typer reads the annotations
from mm_actions.cli import mock_options as asked  # noqa: TC001 - likewise
from mm_actions.cli.display import console, milliseconds
from mm_actions.cli.failure import complain
from mm_actions.cli.printable import compact, document, printable
from mm_actions.cli.servers import given_options
from mm_actions.config import load_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mm_actions.testing.exchanges import Replayed

DIFFERENT = 1  # as of diff(1)
_LONGEST = 60
_MOST_SHOWN = 20


def replay(
    folder: asked.Folder,
    *,
    to: asked.To,
    ignore: asked.Ignore = None,
    timeout: asked.EachTimeout = 30.0,
    connect_timeout: given.ConnectTimeout = None,
    cert: given.Cert = None,
    public_key: given.PublicKey = None,
    private_key: given.PrivateKey = None,
    private_key_password: given.PrivateKeyPassword = None,
    insecure_dev: given.InsecureDev = False,
    headers: given.Headers = None,
    bearer: given.Bearer = None,
    as_json: given.AsJson = False,
) -> int:
    """Send recorded requests to a server again, and compare status and members of its answers.

    The actions are carried out once more. Exit code 0: all answers are the same; 1: one differs, or nothing
    was compared.

    For example:

      mm-actions replay recorded --to http://localhost:8080

      mm-actions replay recorded --to https://shop.example:8443 --cert ca.pem --ignore frame.order_id
    """
    # What this needs is not for the other commands to load.
    from mm_actions.testing.exchanges import Replay, read_folder  # noqa: PLC0415 - only this command needs it
    from mm_actions.testing.exchanges.replay import needs_secrets  # noqa: PLC0415 - only this command needs it

    options = given_options(
        {
            "timeout": timeout,
            "connect_timeout": connect_timeout,
            "cert": cert,
            "public_key": public_key,
            "private_key": private_key,
            "private_key_password": private_key_password,
            "verify": False if insecure_dev else None,
            "insecure_dev": insecure_dev or None,
        },
        headers=headers or (),
        bearer=bearer,
    )
    _, settings = load_config({"url": to, **options}).server_of("")
    stored = read_folder(folder)
    redacted = sum(needs_secrets(exchange) for _, exchange in stored)
    if redacted:
        complain(f"{redacted} requests are sent with members that were redacted when they were recorded")
    run = Replay(settings, ignore or ())
    done = list(run.run(stored))
    if as_json:
        print(document(_document(run.url, done)))  # noqa: T201 - goes to a program
    else:
        _show(run.url, done)
    return 0 if _equal(done) == len(done) - _skipped(done) > 0 else DIFFERENT


def _equal(done: Sequence[Replayed]) -> int:
    return sum(one.skipped is None and not one.differences for one in done)


def _skipped(done: Sequence[Replayed]) -> int:
    return sum(one.skipped is not None for one in done)


def _show(url: str, done: Sequence[Replayed]) -> None:
    out = console()
    rows = [row for one in done for row in _rows(one)]
    if rows and out.is_terminal:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("exchange", "where", "recorded", "now"):
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        out.print(table)
    elif rows:
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            head = "  ".join(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True))
            out.print(f"{head}  {row[3]}".rstrip())
    equal, skipped = _equal(done), _skipped(done)
    differ = len(done) - equal - skipped
    verdict = Text(f"{equal} the same, {differ} differ", style="bold red" if differ else "bold green")
    seconds = milliseconds(sum(one.elapsed for one in done))
    out.print(
        Text.assemble(
            f"{len(done)} exchanges, sent again to {printable(url)}: ",
            verdict,
            f", {skipped} skipped; {seconds}",
        )
    )


def _rows(one: Replayed) -> list[tuple[str, str, str, str]]:
    name = printable(one.name)
    if one.skipped is not None:
        return [(name, "skipped", printable(one.skipped), "")]
    rows = [
        (name, printable(found.where), _shown(found.recorded), _shown(found.now)) for found in one.differences
    ]
    more = len(rows) - _MOST_SHOWN
    return [*rows[:_MOST_SHOWN], (name, "…", f"{more} more", "")] if more > 0 else rows


def _shown(value: Any) -> str:
    text = printable(repr(value)) if _is_absent(value) else compact(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _is_absent(value: Any) -> bool:
    from mm_actions.testing.exchanges.differences import ABSENT  # noqa: PLC0415 - only this command needs it

    return value is ABSENT


def _document(url: str, done: Sequence[Replayed]) -> dict[str, Any]:
    return {
        "url": url,
        "equal": _equal(done),
        "skipped": _skipped(done),
        "differ": len(done) - _equal(done) - _skipped(done),
        "exchanges": [
            {
                "name": one.name,
                "action": one.action,
                "elapsed": round(one.elapsed, 6),
                "skipped": one.skipped,
                "differences": [
                    {
                        "where": found.where,
                        **({} if _is_absent(found.recorded) else {"recorded": found.recorded}),
                        **({} if _is_absent(found.now) else {"now": found.now}),
                    }
                    for found in one.differences
                ],
            }
            for one in done
        ],
    }
