"""The domain: asked for once, kept by its digest, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.server.rasa.conftest import RasaServed, failed, native
from tests.server.served_module import serving

from mm_actions.server import ActionServer
from mm_actions.server.rasa.domains import Domains

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serve = Callable[[], RasaServed]


@pytest.fixture
def running(server: ActionServer, served: Serve) -> RasaServed:
    @native(server, "look")
    def look(call, responder):
        """Say whose domain it is, and leave a mark in it."""
        found = call.domain.get("mark", call.domain.get("assistant"))
        call.domain["mark"] = call.sender_id
        responder.events.append({"event": "slot", "name": "found", "value": found, "timestamp": None})

    @server.action
    async def ours(request, responder):
        responder.reply("no domain is needed")

    return served()


def seen(running: RasaServed, **members: Any) -> Any:
    answer = running.act("look", **members)
    assert answer.status == 200, answer.body
    return answer.json["events"][0]["value"]


def test_a_domain_is_asked_for_once_and_known_by_its_digest_from_then_on(running: RasaServed) -> None:
    message = failed(running.act("look", domain_digest="d1"), 449, "look")
    assert message.startswith("Missing domain context")
    assert seen(running, domain_digest="d1", domain={"assistant": "a"}) == "a"
    assert seen(running, domain_digest="d1") == "a"


def test_an_assistant_that_knows_of_no_digests_is_not_asked_for_its_domain(running: RasaServed) -> None:
    assert seen(running) is None
    assert seen(running, domain=None) is None


def test_two_assistants_on_one_server_do_not_ask_each_other_for_their_domains(running: RasaServed) -> None:
    for assistant in ("a", "b"):
        seen(running, domain_digest=assistant, domain={"assistant": assistant})
    for _ in range(10):
        for assistant in ("a", "b"):
            assert seen(running, domain_digest=assistant) == assistant


def test_what_an_action_does_to_its_domain_no_other_call_sees(running: RasaServed) -> None:
    seen(running, domain_digest="d1", domain={"assistant": "a"}, sender_id="alice")
    assert seen(running, domain_digest="d1", sender_id="alice") == "a"
    assert seen(running, domain_digest="d1", sender_id="bob") == "a"


def test_an_empty_domain_is_an_empty_domain(running: RasaServed) -> None:
    seen(running, domain_digest="d1", domain={"assistant": "a"})
    assert seen(running, domain={}) is None
    assert seen(running, domain_digest="d1", domain={}) is None
    assert seen(running, domain_digest="d1") == "a"  # which is still known


def test_an_action_that_needs_no_domain_does_not_ask_for_it(running: RasaServed) -> None:
    assert running.act("ours", domain_digest="unknown").json["responses"][0]["text"] == "no domain is needed"


def test_a_handler_of_rasa_sdk_may_say_that_it_needs_no_domain(server: ActionServer, served: Serve) -> None:
    @native(server, "blind")
    def blind(call, responder):
        responder.responses.append({"text": "fine"})

    server.registry.find("blind").handler.needs_domain = False
    assert served().act("blind", domain_digest="unknown").json["responses"] == [{"text": "fine"}]


def test_a_domain_belongs_to_the_credentials_that_brought_it(running: RasaServed) -> None:
    seen(running, domain_digest="d1", domain={"assistant": "a"}, headers={"Authorization": "Bearer 1"})
    assert seen(running, domain_digest="d1", headers={"Authorization": "Bearer 1"}) == "a"
    failed(running.act("look", domain_digest="d1", headers={"Authorization": "Bearer 2"}), 449, "look")


def test_the_domain_used_longest_ago_is_forgotten_first() -> None:
    domains = Domains(most=2)
    for digest in ("a", "b"):
        domains.keep(b"", digest, digest.encode())
    assert domains.find(b"", "a") == b"a"
    domains.keep(b"", "c", b"c")
    assert domains.find(b"", "b") is None
    assert domains.find(b"", "a") == b"a"
    assert len(domains) == 2


def test_no_more_bytes_are_kept_than_allowed() -> None:
    domains = Domains(most_bytes=100)
    domains.keep(b"", "huge", bytes(101))
    assert domains.find(b"", "huge") is None
    for digest in ("a", "b", "c"):
        domains.keep(b"", digest, bytes(40))
    assert [domains.find(b"", digest) is not None for digest in ("a", "b", "c")] == [False, True, True]


def test_a_newer_domain_takes_the_place_of_one_with_the_same_digest() -> None:
    domains = Domains(most_bytes=100)
    for _ in range(5):
        domains.keep(b"", "a", bytes(60))
        domains.keep(b"", "a", bytes(70))
    assert domains.find(b"", "a") == bytes(70)


def test_processes_with_one_folder_know_each_others_domains(tmp_path: Path) -> None:
    one, two = (Domains(most=2, folder=tmp_path) for _ in range(2))
    one.keep(b"", "a", b"1")
    assert two.find(b"", "a") == b"1"
    assert two.find(b"other", "a") is None
    for digest in ("b", "c", "d"):
        one.keep(b"", digest, b"x")
    assert len(list(tmp_path.iterdir())) == 2


MODULE = """
import os
from mm_actions.server import ActionServer
from mm_actions.server.rasa_sdk.native import NativeHandler

class Look(NativeHandler):
    async def __call__(self, request, responder):
        responder.responses.append({"text": str(os.getpid())})

server = ActionServer(drain=0.1, loop_alarm=0)
server.registry.add(Look(), "look")
"""


def test_workers_share_domains_so_that_one_asking_is_enough(tmp_path: Path) -> None:
    serve, end = serving(tmp_path)
    (tmp_path / "actions.py").write_text(MODULE, encoding="utf-8")
    try:
        running = RasaServed(serve("--workers", 2, "--rasa", "--no-access-log").url)
        failed(running.act("look", domain_digest="d1"), 449, "look")
        assert running.act("look", domain_digest="d1", domain={"assistant": "a"}).status == 200
        workers = set()
        while len(workers) < 2:
            answer = running.act("look", domain_digest="d1")
            assert answer.status == 200, answer.body
            workers.add(answer.json["responses"][0]["text"])
    finally:
        end()
