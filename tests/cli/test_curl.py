"""The printed curl command: run by a shell, it does what the call does, and no secret stands in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions.testing import FaultServer
from mm_actions.transports.http.auth import signature

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    from mm_actions.testing import CertificateAuthority
    from mm_actions.testing.faults import ReceivedRequest

    Cli = Callable[..., Outcome]

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None and not os.environ.get("CI"), reason="curl is not installed"
)

OF_ONE_CALL = {"x-mm-timeout-ms", "x-mm-call-id", "x-mm-hops"}
ODD = """It's "quoted" $HOME `id` \\ !x ümlaut\n@next"""


def run_in_shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": os.environ["PATH"], "http_proxy": "http://127.0.0.1:1", **variables},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def printed(cli: Cli, *arguments: object) -> str:
    outcome = cli("call", "order", *arguments, "--curl")
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


def both(cli: Cli, server: FaultServer, arguments: list[object], **variables: str) -> list[ReceivedRequest]:
    """Make the call and run its curl command; the requests that arrived."""
    called = cli("call", "order", *arguments)
    assert called.code == 0, called.err
    done = run_in_shell(printed(cli, *arguments), **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{}", "")
    ours, curls = server.wait_for_requests(2)
    return [ours, curls]


def said(request: ReceivedRequest, *without: str) -> dict[str, Any]:
    """Give what should be the same; of a call's own id, time and way, and of the program, curl sends none."""
    passing = {"user-agent", "accept-encoding", "traceparent", *OF_ONE_CALL, *without}
    headers = {name: value for name, value in request.headers.items() if name not in passing}
    return {"headers": headers, "path": request.path, "body": request.body}


def test_the_command_sends_what_the_call_sends(cli: Cli, server: FaultServer) -> None:
    url = f"{server.url}/shop/action?a=1&b=$$HOME"
    arguments = ["--url", url, "--text", ODD, "--entity", f"drink={ODD}", "--frame", '{"n": 1.5}']
    ours, curls = both(cli, server, arguments)
    assert said(ours) == said(curls)
    assert int(curls.headers["x-mm-timeout-ms"]) == 5000


def test_nothing_is_called_when_the_command_is_printed(cli: Cli, server: FaultServer, url: str) -> None:
    printed(cli, "--url", url)
    assert server.connections == 0


def test_secrets_are_variables_which_a_comment_names(cli: Cli, server: FaultServer, url: str) -> None:
    arguments = [
        "--url",
        url,
        "--bearer",
        "t0ken",
        "--header",
        "X-Api-Key: k3y",
        "--header",
        "X-Te'na$t: acme",
    ]
    text = printed(cli, *arguments)
    assert not any(secret in text for secret in ("t0ken", "k3y", "acme"))
    assert "# needs MM_BEARER: the token of auth\n" in text
    variables = {"MM_BEARER": "t0ken", "MM_X_API_KEY": "k3y", "MM_X_TE_NA_T": "acme"}
    ours, curls = both(cli, server, arguments, **variables)
    assert said(ours) == said(curls)


@pytest.mark.parametrize(
    ("auth", "variables"),
    [
        ("{basic: {username: a'b, password: p4ss}}", {"MM_PASSWORD": "p4ss"}),
        ("{hmac: p4ss}", {"MM_HMAC_SECRET": "p4ss"}),
    ],
)
def test_credentials_of_every_kind_are_computed_as_the_call_does(
    cli: Cli, server: FaultServer, url: str, home: Path, auth: str, variables: dict[str, str]
) -> None:
    (home / "actions.yaml").write_text(f"url: {url}\nauth: {auth}\n", encoding="utf-8")
    arguments = ["--text", ODD]
    assert "p4ss" not in printed(cli, *arguments)
    ours, curls = both(cli, server, arguments, **variables)
    assert said(ours, "x-mm-signature") == said(curls, "x-mm-signature")
    if "hmac" in auth:
        sent = curls.headers["x-mm-signature"]
        timestamp = int(sent.partition(",")[0].removeprefix("t="))
        assert sent == signature(b"p4ss", curls.body, timestamp)


def test_history_and_idempotency_are_those_of_the_settings(
    cli: Cli, server: FaultServer, url: str, home: Path
) -> None:
    (home / "actions.yaml").write_text(f"url: {url}\nhistory: none\nidempotent: true\n", encoding="utf-8")
    (home / "payload.json").write_text('{"request": {"history": [{"frame": {}}]}}', encoding="utf-8")
    ours, curls = both(cli, server, ["--payload", "payload.json"])
    assert "history" not in curls.json()["request"]
    assert said(ours, "idempotency-key") == said(curls, "idempotency-key")
    assert len(curls.headers["idempotency-key"]) == 32


def test_certificates_are_shown_by_their_files(cli: Cli, authority: CertificateAuthority, home: Path) -> None:
    client = authority.encrypted()
    odd = home / "a folder: mine"
    odd.mkdir()
    key, certificate = odd / "key.pem", odd / "certificate.pem"
    key.write_bytes(client.private_key.read_bytes())
    certificate.write_bytes(client.certificate.read_bytes())
    context = authority.server().server_context(client_ca=authority.certificate)
    with FaultServer(ssl_context=context) as server:
        arguments = [
            "--url", f"{server.url_for('localhost')}/action", "--cert", authority.certificate,
            "--public-key", certificate, "--private-key", key, "--private-key-password", client.password,
        ]  # fmt: skip
        assert str(client.password) not in printed(cli, *arguments)
        ours, curls = both(cli, server, arguments, MM_PRIVATE_KEY_PASSWORD=str(client.password))
        assert ours.client_certificate == curls.client_certificate
        assert curls.client_certificate


def test_an_unchecked_server_is_unchecked_by_curl_too(cli: Cli, authority: CertificateAuthority) -> None:
    with FaultServer(ssl_context=authority.server().server_context()) as server:
        ours, curls = both(cli, server, ["--url", f"{server.url}/action", "--insecure-dev"])
    assert said(ours) == said(curls)


def test_a_proxy_is_a_secret_too(cli: Cli, server: FaultServer) -> None:
    arguments = ["--url", "http://shop.example.org/action", "--proxy", server.url]
    assert server.url not in printed(cli, *arguments)
    ours, curls = both(cli, server, arguments, MM_PROXY=server.url)
    assert said(ours, "proxy-connection") == said(curls, "proxy-connection")


def test_a_turn_that_no_command_line_can_hold_is_refused(cli: Cli, home: Path) -> None:
    (home / "frame.json").write_text(f'{{"a": "{"x" * 200_000}"}}', encoding="utf-8")
    outcome = cli("call", "order", "--url", "http://localhost/", "--frame", "@frame.json", "--curl")
    assert (outcome.code, outcome.out) == (64, "")
    assert "too long" in outcome.err
