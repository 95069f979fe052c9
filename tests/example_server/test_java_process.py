"""The Java server as a process: its options, the keys it reads, who may call it, how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.example_server.builds import JAVA, SHORT_LIVED_JAVA, java_server, maven, run
from tests.example_server.other_languages.hosting import assert_problem
from tests.example_server.running import JSON, RunningServer
from tests.example_server.servers import start

from mm_actions.testing import CertificateAuthority

if TYPE_CHECKING:
    from pathlib import Path

# The timeout covers the first build, which may have to fetch Maven's plugins.
pytestmark = [pytest.mark.java, pytest.mark.timeout(300)]


def tls_options(authority: CertificateAuthority) -> list[str | Path]:
    files = authority.server()
    return ["--tls-cert", files.certificate, "--tls-key", files.private_key, "--client-ca", files.ca]


@pytest.fixture(scope="module")
def command() -> list[str | Path]:
    return java_server()


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path)


def test_its_own_tests_pass() -> None:
    with maven() as mvn:
        run([*mvn, "test", f"-DargLine={' '.join(SHORT_LIVED_JAVA)}"], JAVA)


@pytest.mark.parametrize(
    ("form", "reason"), [("mismatched", "its certificate"), ("encrypted", "openssl pkey")]
)
def test_a_key_that_cannot_serve_is_told_at_the_start(
    command: list[str | Path], authority: CertificateAuthority, form: str, reason: str
) -> None:
    files = getattr(authority, form)()
    given = ["--tls-cert", files.certificate, "--tls-key", files.private_key]
    done = subprocess.run([*command, *given], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert str(files.private_key) in done.stderr
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("form", ["rsa_1024", "intermediate"])
def test_keys_of_every_kind_are_read(
    command: list[str | Path], authority: CertificateAuthority, form: str
) -> None:
    files = getattr(authority, form)()
    env = {
        "ACTION_SERVER_PORT": "0",
        "ACTION_SERVER_TLS_CERT": str(files.certificate),
        "ACTION_SERVER_TLS_KEY": str(files.private_key),
    }
    context = authority.context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with start(command, JAVA, env) as running:
        assert RunningServer(running.process, running.url, context).post({"action": "a"}).status == 200


def test_a_token_is_asked_for_but_not_by_health_checks(command: list[str | Path]) -> None:
    with start([*command, "--port", "0", "--known-only"], JAVA, {"ACTION_SERVER_TOKEN": "s3"}) as one:
        server = RunningServer(one.process, one.url)
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3"}):
            answer = server.post({"action": "list_stores"}, **given)
            assert_problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
        assert server.post({"action": "list_stores"}, Authorization="Bearer s3").status == 200
        assert_problem(server.post({"action": "action_fly"}, Authorization="Bearer s3"), 404)
        assert server.exchange("GET", "/readyz").status == 200
        assert server.exchange("GET", "/actions").status == 401


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(command: list[str | Path], number: signal.Signals) -> None:
    with start([*command, "--port", "0"], JAVA) as running:
        assert RunningServer(running.process, running.url).post({"action": "a"}).status == 200
        assert running.stop(number) == 0
    assert (running.output, running.errors) == ([], [])


def test_an_action_in_progress_is_answered_before_it_stops_and_readiness_is_withdrawn(
    command: list[str | Path],
) -> None:
    with start([*command, "--port", "0"], JAVA) as running:
        server = RunningServer(running.process, running.url)
        connection = server.connect()
        streamed = {"action": "slow", "request": {"context": {"delay_ms": 2000}}}
        connection.request("POST", "/action", json.dumps(streamed).encode(), JSON)
        # A second answer shows that the server has read the first request, which came before it.
        assert server.post({"action": "a"}).status == 200
        running.process.send_signal(signal.SIGTERM)
        answer = server.exchange("GET", "/readyz")
        while answer.status == 200:
            answer = server.exchange("GET", "/readyz")
        assert_problem(answer, 503)
        assert answer.headers["retry-after"] == "1"
        assert connection.getresponse().status == 200
        connection.close()
        assert running.process.wait(15) == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--tls-cert", "missing.pem"], 2),
        (["--port", "many"], 2),
        (["--prt", "1"], 2),
        (["--tls-cert", "missing.pem", "--tls-key", "missing.key"], 1),
        (["--tls-cert", "pom.xml", "--tls-key", "pom.xml"], 1),
        (["--help"], 0),
    ],
)
def test_settings_that_cannot_work_are_told_without_a_trace(
    command: list[str | Path], arguments: list[str], code: int
) -> None:
    done = subprocess.run(
        [*command, *arguments],
        cwd=JAVA,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert "\tat " not in done.stderr
