"""`mm-actions record`: a process between our client and a server, and the files it leaves."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest
from tests.testing.exchanges.commands import listening
from tests.testing.exchanges.exchanging import call, documents, reply, send

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.testing import Answer, FaultServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome
    from tests.example_server.running import RunningServer

    from mm_actions.testing import CertificateAuthority

    Cli = Callable[..., Outcome]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_what_it_wrote_and_stops_with_0(
    server: FaultServer, home: Path, number: signal.Signals
) -> None:
    with listening("record", "--to", server.url, "-o", "recorded", cwd=home) as recording:
        assert recording.line == f"listening on {recording.url}: before {server.url}, into recorded"
        send(f"{recording.url}/action", call("greet"))
        assert recording.stop(number) == 0
    shown, last = recording.rest.splitlines()
    assert shown.startswith("0001-greet.json  200, ")
    assert last == "1 exchanges recorded in recorded"
    assert recording.log == ""


def test_the_sample_server_is_imitated_by_what_was_recorded_of_it(
    cli: Cli, shop: RunningServer, home: Path
) -> None:
    from mm_actions.testing.exchanges import examples_folder

    calls = [
        json.loads(path.read_text("utf-8"))["request"]
        for path in sorted(examples_folder().glob("*.json"))
        if '"sample_server": true' in path.read_text("utf-8") and path.stem != "unicode"
    ]
    with listening(
        "record", "--to", f"{shop.url}/action", "--output", "recorded", "-q", cwd=home
    ) as recording:
        said = [send(f"{recording.url}/action", body) for body in calls]
        assert recording.stop() == 0
        assert recording.rest.splitlines() == [f"{len(calls)} exchanges recorded in recorded"]
    with listening("mock", "--exchanges", "recorded", cwd=home) as mock:
        imitated = [send(f"{mock.url}/action", body) for body in calls]
        again = cli("replay", "recorded", "--to", mock.url)
    assert [(one.status, one.json) for one in imitated] == [(one.status, one.json) for one in said]
    assert again.code == 0, again.out
    assert cli("replay", "recorded", "--to", shop.url).code == 0


def test_secrets_that_are_named_are_in_no_file(server: FaultServer, home: Path) -> None:
    server.play(Answer(json={"frame": {"echo": "0nly-here"}}))
    options = ("--redact", "context.code", "--keep-header", "X-Tenant")
    with listening("record", "--to", server.url, "-o", "recorded", *options, cwd=home) as recording:
        settings = {
            "url": f"{recording.url}/action",
            "auth": {"bearer": "t0ken-of-value"},
            "headers": {"X-Tenant": "acme"},
        }
        request = Request(context={"code": "0nly-here"}, frame={"password": "pa55-of-value"})
        assert CustomAction("greet", settings).invoke(request, DialogueResponder())
        close_endpoints()
        assert recording.stop() == 0
    (written,) = (home / "recorded").glob("*.json")
    text = written.read_text("utf-8")
    assert not [secret for secret in ("0nly-here", "t0ken-of-value", "pa55-of-value") if secret in text]
    (document,) = documents(home / "recorded")
    assert document["request_headers"]["x-tenant"] == "acme"


def test_certificates_are_shown_to_the_server_and_asked_of_the_client(
    authority: CertificateAuthority, home: Path
) -> None:
    own, client = authority.server(), authority.client()
    tls = own.server_context(client_ca=authority.certificate)
    to_server = ("--cert", client.ca, "--public-key", client.certificate, "--private-key", client.private_key)
    to_client = ("--tls-cert", own.certificate, "--tls-key", own.private_key, "--client-ca", own.ca)
    with FaultServer(Answer(json=reply("hi")), ssl_context=tls) as server:
        url = server.url_for("localhost")
        with listening(
            "record", "--to", url, "-o", "recorded", *to_server, *to_client, cwd=home
        ) as recording:
            shown = {"cert": client.ca, "public_key": client.certificate, "private_key": client.private_key}
            called = CustomAction("greet", {"url": f"{recording.url}/action", **shown})
            assert called.invoke(Request(), DialogueResponder())
            unknown = CustomAction("greet", {"url": f"{recording.url}/action", "cert": client.ca})
            assert not unknown.invoke(Request(), DialogueResponder())
            close_endpoints()
            assert recording.stop() == 0
    assert [document["status"] for document in documents(home / "recorded")] == [200]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("-o", "a"), 64, "--to"),
        (("--to", "http://localhost:1"), 64, "--output"),
        (("--to", "localhost:1", "-o", "a"), 78, "http"),
        (("--to", "https://localhost:1", "-o", "a", "--cert", "missing.pem"), 78, "missing.pem"),
        (("--to", "http://localhost:1", "-o", "taken"), 78, "cannot record into taken"),
        (("--to", "http://localhost:1", "-o", "a", "--redact", "."), 78, "names no member"),
        (("--to", "http://localhost:1", "-o", "a", "--tls-cert", "x.pem"), 78, "go together"),
        (("--to", "http://localhost:1", "-o", "a", "--port", "99999"), 78, "cannot listen"),
        (
            ("--to", "http://localhost:1", "-o", "a", "--tls-cert", "taken", "--tls-key", "taken"),
            78,
            "TLS files",
        ),
    ],
    ids=lambda value: "-".join(value).replace("/", "_") if isinstance(value, tuple) else None,
)
def test_what_cannot_work_is_told_in_one_line(
    cli: Cli, home: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    (home / "taken").write_text("", encoding="utf-8")
    done = cli("record", *arguments)
    assert (done.code, len(done.err.splitlines())) == (code, 1), done
    assert told in done.err
