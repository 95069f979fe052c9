"""`mm-actions mock`: a server that answers from examples, or from what was recorded."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING

from mm_actions.cli import mock_options as asked  # noqa: TC001 - typer reads the annotations
from mm_actions.cli import serve_options as port_of  # noqa: TC001 - likewise
from mm_actions.cli.display import console
from mm_actions.cli.failure import UsageProblem, complain
from mm_actions.cli.printable import printable
from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from mm_actions.testing.exchanges import Book, Faults

HOST, PORT = "127.0.0.1", 8080
_MOST_NAMES = 10


def mock(
    *,
    examples: asked.Examples = None,
    exchanges: asked.Exchanges = None,
    match: asked.Match = None,
    strict: asked.StrictRequests = False,
    pace: asked.Pace = 0.0,
    fault: asked.FaultRules = None,
    fault_header: asked.FaultHeader = False,
    seed: asked.Seed = None,
    list_faults: asked.ListFaults = False,
    host: port_of.Host = None,
    port: port_of.Port = None,
    tls_cert: port_of.TlsCert = None,
    tls_key: port_of.TlsKey = None,
    tls_key_password_file: port_of.TlsKeyPasswordFile = None,
    client_ca: port_of.ClientCa = None,
) -> int:
    """Serve recorded answers until SIGTERM or Ctrl-C, and check what is received.

    A call is answered by the exchange with the same request, or else by one that agrees in the members of
    --match, or else by the first success of the action.

    For example:

      mm-actions mock

      mm-actions mock --exchanges recorded --strict

      mm-actions mock --fault 'place_order=503=2' --fault '*=latency=0.3:0.5' --seed 1
    """
    if list_faults:
        _print_faults()
        return 0
    if examples is not None and exchanges is not None:
        raise UsageProblem("--examples and --exchanges are two answers to one question: give one of them")
    # What this needs is not for the other commands to load.
    from mm_actions.testing.exchanges import Book, MockServer, examples_folder, read_folder  # noqa: PLC0415 - only this command needs it
    from mm_actions.testing.exchanges.matching import DEFAULT_MATCH  # noqa: PLC0415 - only this command needs it

    faults = _faults(fault or (), seed)
    folder = exchanges or examples or examples_folder()
    book = Book(read_folder(folder), DEFAULT_MATCH if match is None else match)
    server = MockServer(book, faults=faults, faults_by_header=fault_header, strict=strict, pace=pace)
    for action in sorted({rule.action for rule in faults.rules} - {"*", *book.actions}):
        complain(f"a fault is for {action!r}, an action that nothing was recorded of")
    server.run(
        HOST if host is None else host,
        PORT if port is None else port,
        tls_cert=tls_cert,
        tls_key=tls_key,
        tls_key_password=password_in(tls_key_password_file),
        client_ca=client_ca,
        listening=lambda url: print(f"listening on {url}: {_summary(book, folder)}", flush=True),  # noqa: T201 - it is waited for
    )
    return 0


def password_in(file: Path | None) -> str | None:
    """Read a password, without the line end after it.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    try:
        return None if file is None else file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"tls_key_password_file {file} cannot be read: {error}") from error


def _faults(rules: list[str] | tuple[str, ...], seed: int | None) -> Faults:
    from mm_actions.testing.exchanges import FaultRule, Faults  # noqa: PLC0415 - only this command needs it

    try:
        return Faults(map(FaultRule.parse, rules), seed=seed)
    except ConfigurationError as error:
        raise UsageProblem(f"--fault: {error}") from None


def _print_faults() -> None:
    from mm_actions.testing.exchanges.faults import KINDS  # noqa: PLC0415 - only this command needs it

    out = console()
    out.print(f"{'400 to 599':<11} a problem of that status; with Retry-After: 503=SECONDS")
    for kind, meaning in KINDS.items():
        out.print(f"{kind:<11} {meaning}")


def _summary(book: Book, folder: Path) -> str:
    count = sum(map(len, book.actions.values()))
    names = ", ".join(list(book.actions)[:_MOST_NAMES])
    more = f" and {len(book.actions) - _MOST_NAMES} more" if len(book.actions) > _MOST_NAMES else ""
    out = f", {len(book.left_out)} left out" if book.left_out else ""
    return printable(
        f"{count} exchanges{out} of {len(book.actions)} actions ({names}{more}) in {folder}", most=None
    )
