"""`python -m example_server`: the sample server on uvicorn."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn

from example_server.access import Access
from example_server.app import Operations, create_app

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    Returns:
        The exit code: 0 after a clean stop, 1 when the server could not start.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.tls_cert) != bool(options.tls_key) or (options.client_ca and not options.tls_cert):
        parser.error("--tls-cert and --tls-key go together, and --client-ca needs them")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    # connexion warns about every refused request, which is a caller's mistake and not the server's.
    logging.getLogger("connexion").setLevel(logging.ERROR)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has stopped; without a handler that is exit code -15.
        signal.signal(number, _leave)
    operations = Operations(stopping=threading.Event(), known_only=options.known_only)
    access = Access(token=options.auth_token, secret=options.hmac_secret)
    try:
        config = _config(options, operations, access)
        listener = _listen(options.host, options.port)
    except (OSError, ssl.SSLError) as error:
        print(f"example_server cannot start: {error}", file=sys.stderr)
        return 1
    with listener:
        _Server(config, operations.stopping).run(sockets=[listener])
    return 0


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stopping: threading.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            scheme = "https" if self.config.is_ssl else "http"
            print(f"listening on {scheme}://{f'[{host}]' if ':' in host else host}:{port}", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping.set()
        super().handle_exit(sig, frame)


def _config(options: argparse.Namespace, operations: Operations, access: Access) -> uvicorn.Config:
    config = uvicorn.Config(
        create_app(operations=operations, access=access),
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
        ssl_keyfile_password=os.environ.get("EXAMPLE_SERVER_TLS_KEY_PASSWORD"),
        ssl_ca_certs=options.client_ca,
        ssl_cert_reqs=ssl.CERT_REQUIRED if options.client_ca else ssl.CERT_NONE,
    )
    config.load()
    return config


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m example_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port; 0 takes a free one (%(default)s)")
    parser.add_argument("--tls-cert", metavar="FILE", help="serve https with this certificate chain")
    parser.add_argument("--tls-key", metavar="FILE", help="private key of the certificate")
    parser.add_argument("--client-ca", metavar="FILE", help="ask for a client certificate signed by this CA")
    parser.add_argument("--auth-token", metavar="TOKEN", help="ask for this bearer token")
    parser.add_argument("--hmac-secret", metavar="SECRET", help="ask for X-MM-Signature under this secret")
    parser.add_argument(
        "--known-only", action="store_true", help="answer 404 to action names that are not in the catalogue"
    )
    return parser


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
