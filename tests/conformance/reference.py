"""A correct action server on the standard library, and a place to break it."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias

from mm_actions.config import load_config

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from mm_actions.config import ServerSettings

MAX_BODY = 2 * 1024 * 1024
TOKEN = "token-of-the-reference"
SECRET = "secret-of-the-reference"
CATALOGUE = [
    {"name": "note", "idempotent": True},
    {"name": "look", "idempotent": True},
    {"name": "forget", "idempotent": False},
]
_REPEATED = ("target_dialogue_state", "time_zone", "language", "locale", "timestamp")
_PATIENCE = 10


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body; None if it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def request(self) -> dict[str, Any]:
        """The request in an invocation; empty in anything else."""
        value = self.json
        request = value.get("request") if isinstance(value, dict) else None
        return request if isinstance(request, dict) else {}

    @property
    def text(self) -> str:
        return str(self.request.get("text", ""))

    @property
    def is_action(self) -> bool:
        return self.method == "POST" and self.path == "/action"


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answer(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


def problem(status: int, title: str = "Refused", **headers: str) -> Reply:
    return answer(
        {"type": "about:blank", "title": title, "status": status},
        status,
        Content_Type="application/problem+json",
        **headers,
    )


Respond: TypeAlias = Callable[[Received], Reply]
Breaker: TypeAlias = Callable[[Received, Respond], Reply]


class Reference:
    """What the server answers; nothing in it knows of sockets.

    Args:
        token: The bearer token that it asks for.
        secret: The secret that bodies must be signed with.
    """

    def __init__(self, *, token: str | None = None, secret: str | None = None) -> None:
        self.token, self.secret = token, secret
        self._serial = 0
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[bytes, threading.Event, list[Reply]]] = {}

    def respond(self, received: Received) -> Reply:
        if received.method == "GET" and received.path == "/healthz":
            return answer({"status": "pass"})
        if received.method == "GET" and received.path == "/readyz":
            return answer({"status": "pass"})
        if refused := self._refusal(received):
            return refused
        if received.path == "/actions":
            return answer({"actions": CATALOGUE})
        if received.path not in {"/action", "/action/stream"}:
            return problem(404)
        if received.method != "POST":
            return problem(405, Allow="POST")
        if len(received.body) > MAX_BODY:
            return problem(413)
        media_type, _, charset = received.headers.get("content-type", "").partition(";")
        if media_type != "application/json" or charset.strip() not in {"", "charset=utf-8"}:
            return problem(415)
        return self._invoke(received)

    def _refusal(self, received: Received) -> Reply | None:
        given = received.headers.get("authorization", "")
        if self.token and not hmac.compare_digest(given, f"Bearer {self.token}"):
            return problem(401, WWW_Authenticate="Bearer")
        if self.secret:
            moment, _, signature = (
                received.headers.get("x-mm-signature", "").removeprefix("t=").partition(",v1=")
            )
            signed = moment.encode() + b"." + received.body
            due = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
            fresh = moment.isdecimal() and abs(time.time() - int(moment)) <= 300
            if not (fresh and hmac.compare_digest(signature, due)):
                return problem(401, WWW_Authenticate="X-MM-Signature")
        return None

    def _invoke(self, received: Received) -> Reply:
        try:
            value = json.loads(received.body.decode("utf-8"))
        except (ValueError, RecursionError):
            return problem(400)
        if not isinstance(value, dict):
            return problem(400)
        name, request, responder = value.get("action"), value.get("request", {}), value.get("responder", {})
        if not isinstance(name, str) or not name or not isinstance(request, dict):
            return problem(400)
        if name not in {entry["name"] for entry in CATALOGUE}:
            return problem(404)
        key = received.headers.get("idempotency-key")
        if received.path == "/action/stream":
            return self._stream(request, responder)
        return (
            self._once(key, received.body, request, responder) if key else self._carry_out(request, responder)
        )

    def _carry_out(self, request: dict[str, Any], responder: dict[str, Any]) -> Reply:
        with self._lock:
            self._serial += 1
            serial = self._serial
        params = responder.get("params") or {}
        return answer(
            {
                "directives": [
                    {"name": "reply", "type": "view", "payload": {"text": f"noted: {request.get('text')}"}},
                    {"name": "listen", "type": "action"},
                ],
                "frame": {"serial": serial},
                "params": {name: params[name] for name in _REPEATED if name in params},
                "slots": {},
            }
        )

    def _once(self, key: str, body: bytes, request: dict[str, Any], responder: dict[str, Any]) -> Reply:
        with self._lock:
            first = key not in self._kept
            kept_body, done, replies = self._kept.setdefault(key, (body, threading.Event(), []))
        if kept_body != body:
            return problem(422)
        if first:
            replies.append(self._carry_out(request, responder))
            done.set()
        return replies[0] if done.wait(_PATIENCE) else problem(409)

    def _stream(self, request: dict[str, Any], responder: dict[str, Any]) -> Reply:
        whole = self._carry_out(request, responder).json
        events = [{"event": "directive", "directive": directive} for directive in whole["directives"]]
        return stream([*events, {"event": "result", "responder": whole}])


def stream(events: list[dict[str, Any]]) -> Reply:
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    return Reply(200, lines, {"Content-Type": "application/x-ndjson"})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, respond: Respond, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.respond = respond
        self.tls = tls
        self.dropped = threading.Event()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands on the connection's own thread."""
        try:
            if self.tls is not None:
                request = self.tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
        except OSError:
            self.dropped.set()
        finally:
            if self.tls is not None:
                request.close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 20
    server: Server

    def _serve(self) -> None:
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply: Reply = self.server.respond(Received(self.command, self.path, headers, body))
        head = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('', ''))[0]}"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        head += [f"Content-Length: {len(reply.body)}", "", ""]
        self.wfile.write("\r\n".join(head).encode() + reply.body)
        if reply.headers.get("Connection") == "close":
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - named by http.server

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError("the client went away")
        return body

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Running:
    server: Server
    scheme: str

    @property
    def url(self) -> str:
        host = "localhost" if self.scheme == "https" else "127.0.0.1"
        return f"{self.scheme}://{host}:{self.server.server_port}"

    def settings(self, **options: Any) -> ServerSettings:
        return load_config({"url": self.url, **options}).servers["default"]


@contextmanager
def running(respond: Respond, *, tls: ssl.SSLContext | None = None) -> Iterator[Running]:
    """Serve until the block ends."""
    with Server(respond, tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Running(server, "https" if tls else "http")
        finally:
            server.shutdown()
            thread.join(_PATIENCE)
