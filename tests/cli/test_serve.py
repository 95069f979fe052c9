"""`mm-actions serve`: what it needs, what it says, what it logs."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import PATIENCE, Served, assert_problem
from tests.server.served_module import MODULE, ServedModule, serving

from mm_actions import CustomAction, DialogueResponder, Request, ServerSettings
from mm_actions.core import exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Outcome

    from mm_actions.testing import CertificateAuthority

    Cli = Callable[..., Outcome]
    Serve = Callable[..., ServedModule]

SECRET = "c4nary-s3cret"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    serve, end = serving(tmp_path)
    yield serve
    end()


@pytest.fixture
def module(home: Path) -> Path:
    file = home / "actions.py"
    file.write_text(MODULE, encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def unwatched() -> Iterator[None]:
    """What a command installs for its process is taken away again."""
    before, logger = exchange.everywhere, logging.getLogger("mm_actions")
    level = logger.level
    yield
    exchange.everywhere = before
    logger.setLevel(level)


def test_it_says_in_a_line_where_it_serves_what(serve: Serve) -> None:
    served = serve()
    assert served.line.startswith(f"{served.url} serves 2 actions (hello, hold); POST ")
    for door in (" /action ", " GET /actions ", " /healthz ", " /readyz "):
        assert door in served.line
    assert served.line.endswith("; to any caller")
    assert served.hello()["directives"]
    assert served.stop() == 0


def test_for_programs_the_line_is_json(serve: Serve) -> None:
    served = json.loads(serve("--log-format", "json", "--workers", 2).line)["served"]
    assert served["url"].startswith("http://127.0.0.1:")
    assert served["actions"] == ["hello", "hold"]
    assert served["doors"]["/action"] == ["POST"]


@pytest.mark.parametrize("options", [(), ("--workers", 2), ("--reload",)])
def test_it_serves_until_a_signal(
    cli: Cli, module: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[object, ...]
) -> None:
    reader, writer = os.pipe()
    statuses: list[int] = []

    def call() -> None:
        with os.fdopen(reader, encoding="utf-8") as lines:
            if not (line := lines.readline()):
                return  # it did not come to serve
        try:
            served = Served(line.split(" ")[0])
            statuses.append(served.post({"action": "hello"}).status)
            statuses.append(served.get("/nowhere").status)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    caller = threading.Thread(target=call)
    caller.start()
    with os.fdopen(writer, "w", encoding="utf-8") as said:
        monkeypatch.setattr(sys, "stdout", said)
        outcome = cli("serve", "actions", "--port", "0", *options)
    caller.join(PATIENCE)
    assert outcome.code == 0
    assert statuses == [200, 404]


@pytest.mark.parametrize("name", ["actions", "actions:server", "./actions.py", "actions.py:server"])
def test_a_module_is_named_as_such_or_as_a_file(cli: Cli, module: Path, name: str) -> None:
    outcome = cli("serve", name, "--check")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("the defaults: 2 actions (hello, hold); POST ")
    assert outcome.out.endswith(": nothing wrong\n")


def test_a_file_elsewhere_finds_its_neighbours(cli: Cli, module: Path) -> None:
    folder = module.parent / "shop"
    folder.mkdir()
    (folder / "prices.py").write_text("PRICE = 3\n", encoding="utf-8")
    (folder / "counter.py").write_text(f"import prices\n{MODULE}", encoding="utf-8")
    assert cli("serve", "shop/counter.py", "--check").code == 0


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("action", "there is no module 'action': did you mean 'actions'?"),
        ("nothing.like.it", "there is no module 'nothing.like.it' here ("),
        ("nowhere.py", "nowhere.py"),
        ("actions:app", "actions has no 'app': write actions:server"),
        ("two:server", "two has no 'server': there are first, second"),
        ("two:first.registry", "two has no 'first.registry'"),
        ("wrong", "'server' of wrong is str, not an ActionServer: write server = ActionServer() in it"),
        ("wrong:srver", "wrong has no 'srver': did you mean 'server'? write srver = ActionServer() in it"),
        ("empty", "empty:server has no actions: register functions with @server.action"),
        ("json.py", "has the name of another module, 'json': rename it"),
        ("notes.py/", "there is no file"),
    ],
)
def test_what_cannot_be_served_is_explained(cli: Cli, module: Path, name: str, says: str) -> None:
    folder = module.parent
    start = "from mm_actions.server import ActionServer\n"
    (folder / "two.py").write_text(
        f"{start}first = ActionServer()\nsecond = ActionServer()\n", encoding="utf-8"
    )
    (folder / "wrong.py").write_text("server = 'shop'\n", encoding="utf-8")
    (folder / "empty.py").write_text(f"{start}server = ActionServer()\n", encoding="utf-8")
    (folder / "json.py").write_text(MODULE, encoding="utf-8")
    outcome = cli("serve", name, "--check")
    assert outcome.code == 78
    assert outcome.out == ""
    assert says in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit('closed')", "SystemExit: closed"),
        ("from mm_actions.server import ActionServer; ActionServer(timeout=0)", "timeout is a number"),
    ],
)
def test_the_modules_own_failure_is_shown_with_its_line(cli: Cli, module: Path, code: str, says: str) -> None:
    (module.parent / "broken.py").write_text(f"\n{code}\n", encoding="utf-8")
    for name in ("broken", "broken.py"):
        outcome = cli("serve", name, "--check")
        assert outcome.code == 70
        assert 'broken.py", line 2, in <module>' in outcome.err
        assert f"mm-actions: {name} cannot be imported: " in outcome.err
        assert says in outcome.err
        assert "mm_actions/server/serving/loading.py" not in outcome.err


def test_a_port_that_is_taken_is_refused(cli: Cli, module: Path, serve: Serve) -> None:
    served = serve()
    for workers in (1, 2):
        outcome = cli("serve", "actions", "--port", served.port, "--workers", workers)
        assert outcome.code == 78
        assert f"cannot listen on 127.0.0.1:{served.port}: " in outcome.err


def log_of(served: ServedModule) -> list[str]:
    """Stop it, and give the lines of its access log."""
    assert served.stop() == 0
    served.end()
    return [line.partition("mm_actions.access: ")[2] for line in served.log.splitlines() if "access" in line]


def test_each_request_is_a_line_of_the_log_without_what_was_said(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"{SECRET}\n", encoding="utf-8")
    served = serve("--bearer-file", "tokens")
    assert served.line.endswith("; to callers with bearer tokens")
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = served.post(
        {"action": "hello", "request": {"text": "confidential"}},
        path=f"/action?token={SECRET}",
        Authorization=f"Bearer {SECRET}",
        X_MM_Call_Id="call-1",
        traceparent=f"00-{trace}-b7ad6b7169203331-01",
    )
    assert answer.status == 200
    assert served.post({"action": "hello"}, Authorization=f"Bearer {SECRET}x").status == 401
    assert served.post({"action": "nothing"}, Authorization=f"Bearer {SECRET}").status == 404
    assert served.get("/%0Afaked", X_MM_Call_Id="a POST /action").status == 404
    first, refused, unknown, faked = log_of(served)
    assert first.startswith("POST /action 200 ")
    assert first.endswith(f" ms hello call=call-1 trace={trace}")
    assert refused.startswith("POST /action 401 ")
    assert unknown.startswith("POST /action 404 ")
    assert unknown.endswith(" ms")
    assert faked.startswith("GET /%0Afaked 404 ")
    assert faked.endswith(" ms call='a POST /action'")
    assert SECRET not in served.log
    assert "confidential" not in served.log


def test_the_log_may_be_json(serve: Serve) -> None:
    served = serve("--log-format", "json")
    served.post({"action": "hello"}, X_MM_Call_Id="call 1")
    served.get("/healthz")
    served.stop()
    served.end()
    entries = [json.loads(line) for line in served.log.splitlines()]
    call, health = (entry for entry in entries if entry["logger"] == "mm_actions.access")
    assert (call["method"], call["path"], call["status"], call["action"]) == ("POST", "/action", 200, "hello")
    assert call["call_id"] == "'call 1'"
    assert call["ms"] > 0
    assert call["level"] == "info"
    assert "action" not in health
    assert any(entry["message"] == "stopping on SIGTERM" for entry in entries)


@pytest.mark.parametrize("options", [("--no-access-log",), ("--log-level", "warning")])
def test_the_access_log_can_be_left_out(serve: Serve, options: tuple[str, ...]) -> None:
    served = serve(*options)
    served.hello()
    assert log_of(served) == []


def test_it_serves_over_mutual_tls_with_an_encrypted_key_and_signatures(
    serve: Serve, tmp_path: Path, authority: CertificateAuthority
) -> None:
    files, client = authority.server("127.0.0.1"), authority.client()
    (tmp_path / "secrets").write_text(f"# the new one first\n{SECRET}\n\nthe-old-one\n", encoding="utf-8")
    options = [
        *("--tls-cert", files.certificate, "--tls-key", files.private_key, "--client-ca", files.ca),
        *("--hmac-file", "secrets"),
    ]
    served = serve(*options, "--workers", 2)
    assert served.line.endswith("to callers with signatures and client certificates; 2 workers")
    tls = {
        "url": f"{served.url}/action",
        "cert": str(files.ca),
        "public_key": str(client.certificate),
        "private_key": str(client.private_key),
    }

    def kind(**settings: object) -> str:
        return CustomAction("hello", {**tls, **settings}).invoke(Request(), DialogueResponder()).kind

    for secret in (SECRET, "the-old-one"):
        assert kind(auth={"hmac": secret}) == "ok"
    assert kind(auth={"hmac": "another"}) == "not-authorized"
    assert (
        CustomAction("hello", ServerSettings(url=tls["url"], cert=tls["cert"]))
        .invoke(Request(), DialogueResponder())
        .kind
        == "client-certificate-rejected"
    )
    assert served.stop() == 0


def test_limits_of_the_command_hold(serve: Serve) -> None:
    served = serve("--max-body", 100, "--timeout", 0.2, "--body-timeout", 0.2)
    assert_problem(served.post({"action": "hello", "text": "x" * 100}), 413)
    with served.raw() as slow:
        head = b"POST /action HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20\r\n"
        slow.sendall(head + b"\r\n{")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408 ")
    assert_problem(served.post({"action": "hold"}), 504)
