"""What the clients call: the answering process, over plain HTTP, TLS or mutual TLS."""

from __future__ import annotations

import json
import re
import ssl
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchmarks.load import dial
from benchmarks.process import Process, python, serving
from mm_actions.testing.certificates import CertificateAuthority

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

Wire = Literal["http", "TLS", "mTLS"]
WIRES: tuple[Wire, ...] = ("http", "TLS", "mTLS")

ANSWER = {
    "directives": [
        {"name": "reply", "type": "view", "payload": {"text": "One large coffee with milk, coming up."}},
        {"name": "listen", "type": "action"},
    ],
    "frame": {"order": {"size": "large", "milk": True, "count": 1}, "step": 4},
    "slots": {"size": "large", "total": "3.20"},
    "params": {"allowed_intents": ["coffee.confirm", "coffee.cancel"], "target_dialogue_state": "confirm",
               "time_zone": None, "timestamp": None, "language": "en", "locale": "en_US",
               "dynamic_resource": {}},
}  # fmt: skip
"""What every call is answered with: half a kilobyte that changes each member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnd:
    """A running server, and what a client has to know of it.

    Attributes:
        process: The server.
        ca: The certificate authority's file, for TLS.
        certificate: The client certificate's file, for mutual TLS.
        key: The file of its key.
    """

    process: Process
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.process.port

    @property
    def url(self) -> str:
        """Where actions are posted."""
        return f"{'https' if self.ca else 'http'}://127.0.0.1:{self.port}/action"

    @property
    def config(self) -> dict[str, Any]:
        """MindMeld's dict."""
        return {
            "url": self.url, "cert": self.ca, "public_key": self.certificate, "private_key": self.key,
        }  # fmt: skip

    @property
    def pair(self) -> tuple[str, str] | None:
        """The client certificate and its key."""
        return (self.certificate, self.key) if self.certificate and self.key else None

    def context(self) -> ssl.SSLContext | None:
        """Make a new TLS context for a client; None for plain HTTP."""
        if self.ca is None:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.pair:
            context.load_cert_chain(*self.pair)
        return context

    def connect(self) -> socket.socket:
        """Open a connection."""
        connection, context = dial(self.port), self.context()
        return connection if context is None else context.wrap_socket(connection, server_hostname="127.0.0.1")

    def accepted(self) -> int:
        """Ask how many connections it has accepted, the one that asks included."""
        with self.connect() as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            found = re.search(rb"\r\n\r\n(\d+)$", connection.recv(4096))
        assert found is not None
        return int(found[1])


@contextmanager
def answering(wire: Wire = "http", *, delay: float = 0.0, size: int = 0) -> Iterator[FarEnd]:
    """Start the answering process, with certificates made for the occasion.

    Args:
        wire: How it is reached.
        delay: Seconds that each answer takes.
        size: Bytes of the answer, about; it has half a kilobyte at least.
    """
    with tempfile.TemporaryDirectory(prefix="mm_actions-bench-") as name:
        folder = Path(name)
        items = [{"name": f"item {number}", "price": number / 4} for number in range(size // 37)]
        frame = ANSWER["frame"] | ({"items": items} if items else {})
        (folder / "answer.json").write_text(json.dumps(ANSWER | {"frame": frame}))
        arguments = ["--answer", str(folder / "answer.json"), "--delay", str(delay)]
        files: dict[str, str] = {}
        if wire != "http":
            authority = CertificateAuthority(folder)
            server, client = authority.server(), authority.client()
            files["ca"] = str(authority.certificate)
            arguments += ["--certificate", str(server.certificate), "--key", str(server.private_key)]
            if wire == "mTLS":
                files |= {"certificate": str(client.certificate), "key": str(client.private_key)}
                arguments += ["--client-ca", files["ca"]]
        with serving(python("benchmarks.servers.answering", *arguments)) as process:
            yield FarEnd(process=process, **files)
