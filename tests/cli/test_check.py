"""`mm-actions check`: what it looks at, what it finds, what it exits with."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from mm_actions.testing import Answer, FaultServer, Hang, ReadRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome
    from tests.example_server.running import RunningServer

    from mm_actions.testing import CertificateAuthority
    from mm_actions.testing.faults import ReceivedRequest

    Cli = Callable[..., Outcome]

HEALTHY = Answer(json={"status": "ok"})
CATALOGUE = Answer(
    json={"actions": [{"name": "order", "description": "Orders"}, {"name": "pay", "deprecated": True}]}
)
ABSENT = Answer(status=404)
DATED = ("cert", "public_key", "server's certificate")


@dataclass(frozen=True)
class Paths:
    """A script that answers by path."""

    health: Any = HEALTHY
    actions: Any = CATALOGUE

    def __call__(self, request: ReceivedRequest, number: int) -> Any:
        return {"/healthz": self.health, "/actions": self.actions}[request.path]


def write(home: Path, **settings: Any) -> Path:
    file = home / "actions.yaml"
    file.write_text(json.dumps(settings, default=str), encoding="utf-8")
    return file


def found(outcome: Outcome) -> dict[str, str]:
    return {each["subject"]: each["status"] for each in outcome.json["findings"]}


def detail(outcome: Outcome, subject: str) -> str:
    (text,) = [each["detail"] for each in outcome.json["findings"] if each["subject"] == subject]
    assert isinstance(text, str)
    return text


# Servers


def test_a_server_that_has_the_actions_is_fine(cli: Cli, server: FaultServer, url: str, home: Path) -> None:
    server.play(Paths())
    outcome = cli("check", write(home, url=url, actions={"order": "default"}))
    assert outcome.code == 0
    first, *rows, last = outcome.out.splitlines()
    assert first == f"server default: {url}"
    assert [row.split()[:3] for row in rows] == [
        ["default", "ok", "reached"],
        ["default", "ok", "actions"],
        ["default", "ok", "action"],
    ]
    assert last.endswith("0 failed, 0 to look at, 3 in all")
    assert not any(row.endswith(" ") for row in rows)
    assert outcome.err == ""


def test_an_action_that_the_server_does_not_list_is_named_with_the_nearest(
    cli: Cli, server: FaultServer, url: str, home: Path
) -> None:
    server.play(Paths())
    write(home, url=url, actions={"oder": "default", "pay": "default", "zzz": "default"})
    outcome = cli("check", "--json")
    assert (outcome.code, outcome.json["ok"]) == (78, False)
    assert found(outcome) == {
        "reached": "ok",
        "actions": "ok",
        "action oder": "failed",
        "action pay": "warning",
        "action zzz": "failed",
    }
    assert "did you mean 'order'?" in detail(outcome, "action oder")
    assert "did you mean" not in detail(outcome, "action zzz")
    assert "deprecated" in detail(outcome, "action pay")


def test_only_the_actions_of_a_server_are_looked_for_on_it(cli: Cli, server: FaultServer, home: Path) -> None:
    server.play(Paths())
    with FaultServer(Paths(actions=Answer(json={"actions": [{"name": "ship"}]}))) as other:
        servers = {"shop": {"url": f"{server.url}/action"}, "post": {"url": f"{other.url}/action"}}
        write(home, servers=servers, actions={"order": "shop", "ship": "post"})
        outcome = cli("check", "--json")
    assert outcome.code == 0
    assert [(each["server"], each["subject"]) for each in outcome.json["findings"]] == [
        ("shop", "reached"), ("shop", "actions"), ("shop", "action order"),
        ("post", "reached"), ("post", "actions"), ("post", "action ship"),
    ]  # fmt: skip


def test_what_is_optional_for_a_server_may_be_missing(
    cli: Cli, server: FaultServer, url: str, home: Path
) -> None:
    server.play(Paths(health=ABSENT, actions=ABSENT))
    write(home, url=url, actions={"order": "default"})
    outcome = cli("check", "--json")
    assert outcome.code == 0
    assert found(outcome) == {"reached": "ok", "actions": "skipped"}
    assert "no /healthz" in detail(outcome, "reached")


@pytest.mark.parametrize(
    "body", [Answer(json=[{"name": "order"}]), Answer(body=b"<p>", headers={"Content-Type": "text/html"})]
)
def test_something_else_under_actions_is_no_catalogue(
    cli: Cli, server: FaultServer, url: str, home: Path, body: Answer
) -> None:
    server.play(Paths(actions=body))
    write(home, url=url)
    outcome = cli("check", "--json")
    assert (outcome.code, found(outcome)["actions"]) == (0, "warning")


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (Paths(health=Answer(status=503)), 75),
        (Paths(health=Answer(status=401)), 77),
        (Paths(health=[ReadRequest(), Hang()]), 75),
        (Paths(actions=Answer(status=403)), 77),
        (Paths(actions=[ReadRequest(), Hang()]), 75),
    ],
)  # fmt: skip
def test_the_exit_code_says_what_kind_of_failure_came_first(
    cli: Cli, server: FaultServer, url: str, home: Path, script: Paths, code: int
) -> None:
    server.play(script)
    outcome = cli("check", write(home, url=url, timeout=0.3))
    assert outcome.code == code
    assert "1 failed" in outcome.out


def test_a_server_that_is_not_there_is_a_failure_with_its_cause(
    cli: Cli, server: FaultServer, url: str, home: Path
) -> None:
    server.refuse()
    outcome = cli("check", write(home, url=url), "--json")
    assert outcome.code == 69
    assert found(outcome) == {"reached": "failed"}
    assert "GET /healthz on default failed (connect-failed" in detail(outcome, "reached")


def test_nobody_is_asked_if_that_is_not_wanted(cli: Cli, server: FaultServer, url: str, home: Path) -> None:
    outcome = cli("check", write(home, url=url), "--no-connect", "--json")
    assert (outcome.code, found(outcome)) == (0, {"reached": "skipped"})
    assert server.connections == 0


def test_names_from_a_server_cannot_play_with_the_terminal(
    cli: Cli, server: FaultServer, url: str, home: Path
) -> None:
    server.play(Paths(actions=Answer(json={"actions": [{"name": "order", "description": "\x1b[2Jx\ny"}]})))
    outcome = cli("check", write(home, url=url, actions={"order": "default"}))
    assert "\x1b" not in outcome.out
    assert outcome.out.splitlines()[3].endswith("x y")


def test_the_sample_server_is_healthy_and_lists_its_actions(
    cli: Cli, shop: RunningServer, home: Path
) -> None:
    write(home, url=f"{shop.url}/action", actions={"list_stores": "default"})
    outcome = cli("check", "--json")
    assert outcome.code == 0
    (actions,) = [each["actions"] for each in outcome.json["findings"] if each["subject"] == "actions"]
    assert "list_stores" in actions


def test_a_terminal_gets_a_table_that_fits_and_loses_nothing(
    cli: Cli, server: FaultServer, url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.play(Paths())
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.delenv("NO_COLOR", raising=False)
    file = write(home, url=url, actions={"o" * 60: "default"})
    outcome = cli("check", file)
    text = re.sub(r"\x1b\[[0-9;]*m", "", outcome.out)
    assert text != outcome.out
    table = text.splitlines()[1:-1]
    assert all(len(line) <= 50 for line in table)
    assert sum(line.count("o" * 10) for line in table) >= 4


# Settings, files and certificates


def test_mutual_tls_is_looked_at_on_both_sides(cli: Cli, authority: CertificateAuthority, home: Path) -> None:
    client = authority.encrypted("client.example.org")
    context = authority.server().server_context(client_ca=authority.certificate)
    with FaultServer(Paths(), ssl_context=context) as server:
        settings = {"url": f"{server.url}/action", "cert": authority.certificate}
        pair = {"public_key": client.certificate, "private_key": client.private_key}
        write(home, **settings, **pair, private_key_password=client.password)
        outcome = cli("check", "--json")
        write(home, **settings)
        bare = cli("check", "--json")
    assert outcome.code == 0
    assert set(found(outcome).values()) == {"ok"}
    assert detail(outcome, "TLS").startswith("TLSv1.")
    assert "encrypted, and the password opens it" in detail(outcome, "private_key")
    assert all("not_after" in each for each in outcome.json["findings"] if each["subject"] in DATED)
    assert (bare.code, found(bare)["reached"]) == (77, "failed")
    assert "client-certificate-rejected" in detail(bare, "reached")


def test_a_server_of_another_authority_is_not_trusted(
    cli: Cli, authority: CertificateAuthority, home: Path
) -> None:
    other = home / "other.pem"
    other.write_bytes(trustme.CA().cert_pem.bytes())
    with FaultServer(Paths(), ssl_context=authority.server().server_context()) as server:
        outcome = cli("check", write(home, url=f"{server.url}/action", cert=other), "--json")
    assert outcome.code == 77
    assert "tls-peer-untrusted" in detail(outcome, "reached")


def issued(folder: Path, days: float, name: str = "soon.pem") -> Path:
    leaf = trustme.CA().issue_cert("localhost", not_after=dt.datetime.now(dt.UTC) + dt.timedelta(days=days))
    file = folder / name
    file.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
    return file


@pytest.mark.parametrize(
    ("days", "status", "said", "code"),
    [
        (29.5, "warning", "it expires in 29 days", 0),
        (30.5, "ok", "valid ", 0),
        (-1, "failed", "has expired", 78),
    ],
)
def test_a_certificate_near_its_end_is_a_warning(
    cli: Cli, home: Path, days: float, status: str, said: str, code: int
) -> None:
    file = issued(home, days)
    write(home, url="https://localhost/action", public_key=file)
    outcome = cli("check", "--no-connect", "--json")
    assert outcome.code == code
    assert found(outcome)["public_key"] == status
    assert said in detail(outcome, "public_key")
    assert str(file) in detail(outcome, "public_key")
    assert found(outcome)["private_key"] == "ok"


def test_a_certificate_that_is_not_valid_yet_fails(
    cli: Cli, authority: CertificateAuthority, home: Path
) -> None:
    early = authority.not_yet_valid()
    write(home, url="https://localhost/", public_key=early.certificate, private_key=early.private_key)
    outcome = cli("check", "--no-connect", "--json")
    assert outcome.code == 78
    assert "not valid yet" in detail(outcome, "public_key")


def test_the_certificate_of_a_server_near_its_end_is_a_warning(cli: Cli, home: Path) -> None:
    import ssl

    ca = trustme.CA()
    (home / "ca.pem").write_bytes(ca.cert_pem.bytes())
    leaf = ca.issue_cert("127.0.0.1", not_after=dt.datetime.now(dt.UTC) + dt.timedelta(days=3.5))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    with FaultServer(Paths(), ssl_context=context) as server:
        outcome = cli("check", write(home, url=f"{server.url}/action", cert="ca.pem"), "--json")
    assert (outcome.code, found(outcome)["server's certificate"]) == (0, "warning")
    assert "expires in 3 days" in detail(outcome, "server's certificate")


def test_files_that_cannot_be_used_are_named(cli: Cli, authority: CertificateAuthority, home: Path) -> None:
    pair = authority.mismatched()
    write(
        home,
        url="https://localhost/",
        cert="absent.pem",
        public_key=pair.certificate,
        private_key=pair.private_key,
    )
    outcome = cli("check", "--json")
    assert outcome.code == 78
    assert found(outcome) == {
        "cert": "failed", "public_key": "ok", "private_key": "failed", "reached": "failed",
    }  # fmt: skip
    assert "absent.pem does not exist" in detail(outcome, "cert")
    assert "does not belong to the certificate" in detail(outcome, "private_key")


def test_a_trust_store_is_summed_up(cli: Cli, home: Path) -> None:
    blocks = [trustme.CA().cert_pem.bytes() for _ in range(6)]
    expired = issued(home, -1).read_bytes()
    (home / "store.pem").write_bytes(b"".join([*blocks, expired]))
    outcome = cli("check", write(home, url="https://localhost/", cert="store.pem"), "--no-connect", "--json")
    assert outcome.code == 0
    assert "holds 7 certificates, 6 of them valid" in detail(outcome, "cert")
    (home / "store.pem").write_bytes(expired * 6)
    assert cli("check", "--no-connect").code == 78


def test_settings_that_are_dangerous_or_without_effect_are_warned_of(
    cli: Cli, authority: CertificateAuthority, home: Path
) -> None:
    write(
        home,
        servers={
            "open": {
                "url": "http://shop.example.org/",
                "auth": {"bearer": "t0ken"},
                "cert": authority.certificate,
            },
            "blind": {"url": "https://shop.example.org/", "verify": False, "insecure_dev": True},
            "near": {"url": "http://[::1]/", "auth": {"bearer": "t0ken"}},
            "here": {"url": "http://localhost/", "auth": {"bearer": "t0ken"}},
        },
    )
    outcome = cli("check", "--no-connect", "--json")
    assert outcome.code == 0
    warned = [
        (each["server"], each["subject"]) for each in outcome.json["findings"] if each["status"] == "warning"
    ]
    assert warned == [("open", "url"), ("open", "auth"), ("blind", "verify")]
    assert "t0ken" not in outcome.out


def test_a_configuration_that_cannot_be_read_is_one_line_and_a_document(cli: Cli, home: Path) -> None:
    file = write(home, url="http://localhost/", timout=3)
    outcome = cli("check", file)
    assert (outcome.code, outcome.out, len(outcome.err.splitlines())) == (78, "", 1)
    document = cli("check", file, "--json")
    assert (document.code, document.json["ok"]) == (78, False)
    assert "did you mean 'timeout'?" in detail(document, "settings")
