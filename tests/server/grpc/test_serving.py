"""The port for gRPC: TLS, processes, and what becomes of calls when the server stops."""

from __future__ import annotations

import re
import signal
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.server.conftest import PATIENCE
from tests.server.grpc.conftest import Stub, refused, request_of
from tests.server.served_module import MODULE, serving

from mm_actions.dialects.rasa import proto
from mm_actions.errors import ConfigurationError
from mm_actions.server import ActionServer
from mm_actions.testing import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Connect = Callable[[str], Stub]

Code = grpc.StatusCode
ALONE = [("grpc.use_local_subchannel_pool", 1)]
"""The options of a channel that has a connection of its own."""
CONNECTIONS = 500


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Any]:
    serve, end = serving(tmp_path)
    yield serve
    end()


def grpc_url(line: str) -> str:
    found = re.search(r"grpcs?://[^ \"]+", line)
    assert found is not None, line
    return found[0]


def hello_server(**options: Any) -> ActionServer:
    server = ActionServer(drain=0, loop_alarm=0, **options)
    server.action("hello")(lambda request, responder: responder.reply("hello"))
    return server


def secure(url: str, *, ca: bytes, key: bytes | None = None, chain: bytes | None = None) -> grpc.Channel:
    assert url.startswith("grpcs://")
    credentials = grpc.ssl_channel_credentials(ca, key, chain)
    return grpc.secure_channel(url.removeprefix("grpcs://"), credentials)


@pytest.mark.parametrize("encrypted", [False, True])
def test_it_speaks_tls(tmp_path: Path, encrypted: bool) -> None:
    authority = CertificateAuthority(tmp_path)
    password = "throw-away" if encrypted else None
    files = authority.encrypted("127.0.0.1") if encrypted else authority.server("127.0.0.1")
    tls: dict[str, Any] = {"tls_cert": files.certificate, "tls_key": files.private_key}
    with (
        hello_server().in_thread(grpc_port=0, tls_key_password=password, **tls) as running,
        secure(running.grpc_url, ca=files.ca.read_bytes()) as channel,
    ):
        assert Stub(channel).act("hello").responses[0]["text"] == "hello"


def test_a_caller_without_a_certificate_is_not_served_where_one_is_asked_for(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    files, client = authority.server("127.0.0.1"), authority.client()
    tls: dict[str, Any] = {
        "tls_cert": files.certificate,
        "tls_key": files.private_key,
        "client_ca": client.ca,
    }
    ca = files.ca.read_bytes()
    with hello_server().in_thread(grpc_port=0, **tls) as running:
        with secure(running.grpc_url, ca=ca) as channel:
            assert refused(Stub(channel).act, "hello").code() is Code.UNAVAILABLE
        key, chain = client.private_key.read_bytes(), client.certificate.read_bytes()
        with secure(running.grpc_url, ca=ca, key=key, chain=chain) as channel:
            assert Stub(channel).act("hello").responses[0]["text"] == "hello"


def test_files_that_cannot_be_used_say_so(tmp_path: Path) -> None:
    files = CertificateAuthority(tmp_path).encrypted("127.0.0.1")
    with pytest.raises(ConfigurationError, match="TLS files cannot be used"):
        hello_server().in_thread(
            grpc_port=0, tls_cert=files.certificate, tls_key=files.private_key, tls_key_password="wrong"
        )


def test_a_port_that_is_taken_says_so(serve: Any) -> None:
    port = grpc_url(serve("--grpc-port", 0).line).rpartition(":")[2]
    for options in ((), ("--workers", 2)):
        other = serve("--grpc-port", port, *options)
        assert other.process.wait(PATIENCE) == 78
        other.until_logged(f"cannot listen on 127.0.0.1:{port}")


def test_a_server_that_is_told_to_stop_ends_the_calls_in_progress(serve: Any, connect: Connect) -> None:
    served = serve("--grpc-port", 0, "--no-access-log")
    calls = connect(grpc_url(served.line))
    assert calls.act("hello").responses[0]["text"] == "version 1"
    held = calls.webhook.future(request_of("hold"), timeout=PATIENCE)
    (served.folder / "started").read_text(encoding="utf-8")
    health = health_pb2_grpc.HealthStub(calls.channel).Watch(
        health_pb2.HealthCheckRequest(), timeout=PATIENCE
    )
    assert next(health).status == health_pb2.HealthCheckResponse.SERVING
    served.process.send_signal(signal.SIGTERM)
    assert next(health).status == health_pb2.HealthCheckResponse.NOT_SERVING
    served.until_logged("stopping on SIGTERM")
    (served.folder / "gate").write_text("go on", encoding="utf-8")
    answer = proto.answer_of_message(held.result(PATIENCE))
    assert answer.responses[0]["text"] == "version 1"
    assert served.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_has_just_begun_to_serve_hears_that_it_is_to_stop(serve: Any, workers: int) -> None:
    served = serve("--workers", workers, "--rasa", "--grpc-port", 0, "--no-access-log")
    assert served.get("/health").json == {"status": "ok"}
    assert served.stop() == 0


def test_a_third_signal_gives_up_calls_in_progress(serve: Any, connect: Connect) -> None:
    served = serve("--grpc-port", 0, "--drain", 30)
    calls = connect(grpc_url(served.line))
    held = calls.webhook.future(request_of("hold"), timeout=PATIENCE)
    (served.folder / "started").read_text(encoding="utf-8")
    for number in range(1, 4):
        served.process.send_signal(signal.SIGINT)
        served.until_logged("stopping on SIGINT", number)
    assert held.exception(PATIENCE).code() in {Code.UNAVAILABLE, Code.CANCELLED}


def test_workers_share_the_port(serve: Any, connect: Connect) -> None:
    url = grpc_url(serve("--grpc-port", 0, "--workers", 2, "--no-http", "--no-access-log").line)
    address = url.removeprefix("grpc://")
    processes = set()
    for _ in range(CONNECTIONS):  # each belongs to one of them
        with grpc.insecure_channel(address, ALONE) as channel:
            processes.add(Stub(channel).act("hello").events[0]["value"])
        if len(processes) == 2:
            return
    raise AssertionError(processes)


def test_without_http_there_is_no_other_port(serve: Any) -> None:
    served = serve("--grpc-port", 0, "--no-http")
    assert served.line.startswith("grpc://")
    assert "http://" not in served.line
    assert "POST" not in served.line
    assert served.stop() == 0


def test_a_new_version_takes_the_port_over(serve: Any, connect: Connect) -> None:
    served = serve("--grpc-port", 0, "--reload", "--no-access-log")
    address = grpc_url(served.line).removeprefix("grpc://")
    served.write(MODULE.replace("version 1", "version 2"))
    served.until_logged("serving hello")
    for _ in range(CONNECTIONS):  # the version before may take one until it has closed its port
        with grpc.insecure_channel(address, ALONE) as channel:
            answer = Stub(channel).webhook(request_of("hello"), timeout=PATIENCE, wait_for_ready=True)
            said = proto.answer_of_message(answer).responses[0]["text"]
        if said == "version 2":
            return
    raise AssertionError(said)


def test_what_serves_over_grpc_ends_with_the_thread(connect: Connect) -> None:
    gate, started = threading.Event(), threading.Event()
    server = hello_server()

    @server.action
    def hold(request, responder):
        started.set()
        assert gate.wait(PATIENCE)

    def let_go_when_it_stops(health: Any) -> None:
        if next(health).status == health_pb2.HealthCheckResponse.NOT_SERVING:
            gate.set()

    with server.in_thread(grpc_port=0) as running:
        calls = connect(running.grpc_url)
        held = calls.webhook.future(request_of("hold"), timeout=PATIENCE)
        assert started.wait(PATIENCE)
        health = health_pb2_grpc.HealthStub(calls.channel).Watch(
            health_pb2.HealthCheckRequest(), timeout=PATIENCE
        )
        assert next(health).status == health_pb2.HealthCheckResponse.SERVING
        watching = threading.Thread(target=let_go_when_it_stops, args=[health])
        watching.start()
    watching.join(PATIENCE)
    assert held.exception(PATIENCE) is None
    with server.in_thread() as running:
        assert running.grpc_url == ""
