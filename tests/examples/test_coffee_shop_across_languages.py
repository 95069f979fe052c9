"""The coffee shop on four servers in four languages, each over TLS with client certificates.

Only the app's `actions.yaml` differs from the one that comes with it. The servers hold the same actions, so
the conversation must be word for word the one with a single Python server.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from examples.coffee_shop.demo.script import SCRIPT
from tests.example_server.builds import ROOT, go_server, java_server, node_server
from tests.example_server.running import run_server
from tests.example_server.servers import start
from tests.examples.conftest import open_shop
from tests.examples.guest import BO, COFFEE_SHOP, Guest

from mm_actions.testing import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from mm_actions import Application, ExamplesNlp

pytestmark = [pytest.mark.java, pytest.mark.go, pytest.mark.node]

ACTIONS = {
    "add_to_order": "java",
    "price_order": "go",
    "confirm_order": "node",
    "loyalty_points": "java",
    "recommend_drink": "go",
    "list_stores": "node",
    "charge_card": "java",
    "email_receipt": "go",
}


@pytest.fixture(scope="module")
def urls(authority: CertificateAuthority) -> Iterator[dict[str, str]]:
    files = authority.server()
    options = [
        *("--tls-cert", str(files.certificate)),
        *("--tls-key", str(files.private_key)),
        *("--client-ca", str(authority.certificate)),
        "--known-only",
    ]
    with ExitStack() as running:
        python = running.enter_context(run_server(*options))
        found = {"python": python.url}
        for language, build in ("java", java_server), ("go", go_server), ("node", node_server):
            command: Sequence[str | Path] = [*build(), "--port", "0", *options]
            found[language] = running.enter_context(start(command, ROOT)).url
        yield found


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


def opened(
    nlp: ExamplesNlp, folder: Path, authority: CertificateAuthority, urls: dict[str, str]
) -> AbstractContextManager[Application]:
    client = authority.client()
    servers = "".join(
        f"  {name}:\n"
        f"    url: {url}/action\n"
        f"    cert: {authority.certificate}\n"
        f"    public_key: {client.certificate}\n"
        f"    private_key: {client.private_key}\n"
        for name, url in urls.items()
    )
    actions = "".join(f"  {action}: {server}\n" for action, server in ACTIONS.items() if server in urls)
    shop = folder / COFFEE_SHOP.name
    shutil.copytree(COFFEE_SHOP, shop, ignore=shutil.ignore_patterns("__pycache__"))
    text = f"servers:\n{servers}default: python\ntimeout: 20\n" + (f"actions:\n{actions}" if actions else "")
    (shop / "actions.yaml").write_text(text, encoding="utf-8")
    return open_shop(nlp, shop)


def conversation(guest: Guest) -> tuple[list[object], list[tuple[str, str, str]]]:
    """Play the demonstration; give what was answered, and which calls were made."""
    answers: list[object] = []
    calls = []
    touched = ""
    for line in SCRIPT:
        turn = guest.say(line.text or touched)
        touched = turn.offers[0] if turn.offers else ""
        answers.append((turn.everything, turn.offers, turn.state, turn.next_state, turn.responder.frame))
        calls += turn.calls
    return answers, calls


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_conversation_is_the_same_whatever_language_an_action_is_written_in(
    nlp: ExamplesNlp, tmp_path: Path, urls: dict[str, str], authority: CertificateAuthority, colour: str
) -> None:
    found = {}
    for folder, chosen in ("one", {"python": urls["python"]}), ("four", urls):
        with opened(nlp, tmp_path / folder, authority, chosen) as app:
            guest = Guest(app, colour, BO)
            try:
                found[folder] = conversation(guest)
            finally:
                guest.leave()
    assert found["four"][0] == found["one"][0]
    calls = found["four"][1]
    assert {server for _, server, _ in calls} == set(urls)
    # A sequence, whose second action sees in Go what the first one did in Java.
    assert [("add_to_order", "java", "ok"), ("price_order", "go", "ok")] in [
        calls[position : position + 2] for position in range(len(calls))
    ]
    # Sorted, as two of them are made at once.
    assert sorted((action, kind) for action, _, kind in calls) == sorted(
        (action, kind) for action, _, kind in found["one"][1]
    )
