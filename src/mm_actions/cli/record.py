"""`mm-actions record`: a proxy before a real server that writes exchanges into files."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from mm_actions.cli import call_options as given  # noqa: TC001 - typer reads the annotations
from mm_actions.cli import mock_options as asked  # noqa: TC001 - likewise
from mm_actions.cli import serve_options as port_of  # noqa: TC001 - likewise
from mm_actions.cli.failure import complain
from mm_actions.cli.mock import HOST, PORT, password_in
from mm_actions.cli.printable import printable
from mm_actions.cli.servers import given_options
from mm_actions.config import load_config

if TYPE_CHECKING:
    from types import FrameType

    from mm_actions.testing.exchanges import Exchange

_MEBIBYTE = 1024 * 1024


def record(
    *,
    to: asked.To,
    output: asked.Output,
    redact: asked.Redact = None,
    keep_header: asked.KeepHeader = None,
    max_body: asked.MaxRecorded = _MEBIBYTE,
    max_exchanges: asked.MaxExchanges = 10_000,
    quiet: asked.Quiet = False,
    host: port_of.Host = None,
    port: port_of.Port = None,
    tls_cert: port_of.TlsCert = None,
    tls_key: port_of.TlsKey = None,
    tls_key_password_file: port_of.TlsKeyPasswordFile = None,
    client_ca: port_of.ClientCa = None,
    connect_timeout: given.ConnectTimeout = None,
    cert: given.Cert = None,
    public_key: given.PublicKey = None,
    private_key: given.PrivateKey = None,
    private_key_password: given.PrivateKeyPassword = None,
    insecure_dev: given.InsecureDev = False,
) -> int:
    """Pass everything on to a server, and write each exchange into a file, until SIGTERM or Ctrl-C.

    Point the application at this proxy instead of its server. What passes is not changed; what is written has
    its secrets redacted.

    For example:

      mm-actions record --to http://localhost:8080 --port 8081 -o recorded

      mm-actions record --to https://shop.example:8443 --cert ca.pem -o recorded --redact context.token
    """
    # What this needs is not for the other commands to load.
    from mm_actions.testing.exchanges import Recorder, RecorderOptions, Redaction, Shelf  # noqa: PLC0415 - only this command needs it
    from mm_actions.testing.exchanges.server_tls import server_context  # noqa: PLC0415 - only this command needs it

    options = given_options(
        {
            "connect_timeout": connect_timeout,
            "cert": cert,
            "public_key": public_key,
            "private_key": private_key,
            "private_key_password": private_key_password,
            "verify": False if insecure_dev else None,
            "insecure_dev": insecure_dev or None,
        },
        headers=(),
        bearer=None,
    )
    _, settings = load_config({"url": to, **options}).server_of("")
    recorder = Recorder(
        settings,
        Shelf(output),
        redaction=Redaction(redact or (), keep_header or ()),
        ssl_context=server_context(
            tls_cert, tls_key, password=password_in(tls_key_password_file), client_ca=client_ca
        ),
        host=HOST if host is None else host,
        port=PORT if port is None else port,
        options=RecorderOptions(max_body=max_body, max_exchanges=max_exchanges),
        on_exchange=None if quiet else _show,
        tell=complain,
    )
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with recorder:
            print(f"listening on {recorder.url}: before {recorder.upstream}, into {output}", flush=True)  # noqa: T201 - it is waited for
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    print(f"{recorder.written} exchanges recorded in {output}")  # noqa: T201 - its answer
    return 0


def _show(name: str, exchange: Exchange) -> None:
    said = f"{exchange.status}" if exchange.broken is None else exchange.broken
    time = f", {exchange.timing.total_ms:g} ms" if exchange.timing is not None else ""
    print(printable(f"{name}  {said}{time}"), flush=True)  # noqa: T201 - so that one sees it working
