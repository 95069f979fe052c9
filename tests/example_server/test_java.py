"""The Java server: built by Maven, run by `java -jar`, called over mutual TLS.

What it does exactly as the Python one is asserted by the very same tests, which run here against the
fixture `server` of this file.
"""

from __future__ import annotations

import asyncio
import fcntl
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.openapi_schemas import faults, load, tolerated_files
from tests.example_server.builds import program, run
from tests.example_server.running import JSON, ROOT, RunningServer
from tests.example_server.servers import start
from tests.example_server.test_server_accepts import (  # noqa: F401 - tests, run here against the Java server
    test_an_entity_may_have_a_value_of_any_shape,
    test_an_entity_may_lack_what_an_action_looks_for,
    test_every_request_of_the_examples_gets_a_valid_answer,
    test_headers_it_does_not_need_do_no_harm,
    test_nothing_of_the_responder_it_was_sent_is_echoed,
    test_numbers_of_any_size_are_taken,
    test_settings_that_stock_mindmeld_would_forget_are_repeated,
    test_text_comes_through_intact,
    test_the_body_of_an_answer_is_plain_utf8_json,
    test_the_last_of_duplicate_members_counts,
    test_the_order_of_members_does_not_matter,
    test_the_server_answers_its_own_examples_to_the_letter,
)
from tests.example_server.test_server_connections import (  # noqa: F401 - as above
    test_a_chunked_body_is_taken,
    test_a_connection_survives_a_refused_body,
    test_a_hundred_requests_share_one_connection,
    test_a_key_is_free_again_after_the_action_failed,
    test_a_stream_ends_with_the_result_that_its_directives_add_up_to,
    test_an_upgrade_to_websockets_is_passed_over,
    test_fifty_concurrent_requests_each_get_their_own_answer,
    test_the_catalogue_lists_actions_with_unique_names,
    test_the_same_key_and_body_get_the_same_answer,
    test_the_same_key_while_the_first_request_runs_is_a_conflict,
    test_the_same_key_with_another_body_is_refused,
)
from tests.example_server.test_server_refuses import (  # noqa: F401 - as above
    test_a_body_over_the_limit_is_too_large,
    test_a_body_that_does_not_call_itself_json_is_an_unsupported_media_type,
    test_a_chunked_body_over_the_limit_is_refused_while_it_arrives,
    test_a_failed_action_streams_nothing_but_its_problem,
    test_a_failing_card_terminal_says_when_to_try_again,
    test_a_mebibyte_of_history_is_taken,
    test_an_action_that_fails_answers_with_a_problem_that_names_it,
    test_an_idempotency_key_outside_the_contract_is_a_bad_request,
    test_brackets_inside_text_are_not_nesting,
    test_deeply_nested_json_is_a_bad_request,
)

from mm_actions import CustomAction, CustomActionSequence, DialogueResponder, Request, close_endpoints
from mm_actions.testing import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.example_server.running import Answer

    from mm_actions.testing.certificates import CertificateFiles

# The timeout covers the first build, which may have to fetch Maven's plugins.
pytestmark = [pytest.mark.java, pytest.mark.timeout(300)]

JAVA = ROOT / "example_server" / "java"


@contextmanager
def maven() -> Iterator[list[str | Path]]:
    """Give the command that builds, for one process of a test run at a time."""
    command: list[str | Path] = [program("mvn"), "-q", "-B"]
    with (JAVA / "pom.xml").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield command


def java_server() -> list[str | Path]:
    """Build the server in Java, and give the command that starts it."""
    java, jar = program("java"), JAVA / "target" / "action-server.jar"
    sources = [JAVA / "pom.xml", *(JAVA / "src" / "main").rglob("*.java")]
    with maven() as mvn:
        if not jar.exists() or jar.stat().st_mtime < max(source.stat().st_mtime for source in sources):
            run([*mvn, "package", "-DskipTests"], JAVA)
    return [java, "-jar", jar]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("java-certificates"))


@pytest.fixture(scope="module")
def client(authority: CertificateAuthority) -> CertificateFiles:
    return authority.client()


def tls_options(authority: CertificateAuthority) -> list[str | Path]:
    files = authority.server()
    return ["--tls-cert", files.certificate, "--tls-key", files.private_key, "--client-ca", files.ca]


@pytest.fixture(scope="module")
def server(authority: CertificateAuthority, client: CertificateFiles) -> Iterator[RunningServer]:
    """The Java server, with a client that it knows."""
    command = [*java_server(), "--port", "0", *tls_options(authority)]
    with start(command, JAVA) as running:
        yield RunningServer(running.process, running.url, client.client_context(), running.errors)
        assert running.output == []


@pytest.fixture(scope="module")
def settings(server: RunningServer, client: CertificateFiles) -> Iterator[dict[str, Any]]:
    """What an application writes to reach it."""
    yield {
        "url": f"{server.url}/action",
        "cert": str(client.ca),
        "public_key": str(client.certificate),
        "private_key": str(client.private_key),
    }
    close_endpoints()


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.body
    assert answer.media_type == "application/problem+json"
    assert faults("Problem", answer.json) == []
    assert answer.json["status"] == status
    for trace in (b"Exception", b".java", b"com.example", b"jackson"):
        assert trace not in answer.body


def test_an_application_calls_it_synchronously(settings: dict[str, Any]) -> None:
    responder = DialogueResponder()
    latte = Request(entities=[{"type": "drink", "text": "lattes", "value": [{"cname": "latte"}]}])
    assert CustomAction("add_to_order", settings).invoke(latte, responder)
    assert responder.directives[0]["payload"]["text"] == "I added 1 medium latte. Your order has 1 item."
    assert responder.frame["order"]["items"][0]["item"] == "latte"
    assert responder.slots["total"] == "$4.25"


def test_an_application_calls_it_asynchronously(settings: dict[str, Any]) -> None:
    responder = DialogueResponder()
    result = asyncio.run(CustomAction("find_nearest_store", settings).invoke_async(Request(), responder))
    assert result
    assert responder.frame == {"store": "Lantern Street"}


def test_a_sequence_sees_what_its_earlier_actions_put_into_the_frame(settings: dict[str, Any]) -> None:
    responder = DialogueResponder()
    names = ["find_nearest_store", "start_order", "get_store_hours"]
    assert CustomActionSequence(names, settings).invoke(Request(), responder)
    assert responder.frame["order"]["store"] == "Lantern Street"
    assert responder.slots["hours"] == "07:00 to 20:00"


def test_a_failing_action_leaves_the_responder_untouched(settings: dict[str, Any]) -> None:
    responder = DialogueResponder()
    result = CustomAction("charge_card", settings).invoke(Request(), responder)
    assert not result
    assert responder.directives == []


@pytest.mark.parametrize("path", tolerated_files(), ids=lambda path: path.stem)
def test_null_means_absent(server: RunningServer, path: Path) -> None:
    nulls = {"text": None, "entities": None, "history": None, "frame": None, "context": None, "params": None}
    answer = server.post(
        {
            "action": "get_store_hours",
            "request": nulls,
            "responder": load(path)["answer"],
            "unknown": {"member": None},
        }
    )
    assert answer.status == 200
    assert faults("Responder", answer.json) == []
    assert None not in [*answer.json.values(), *answer.json["params"].values()]
    assert server.post({"action": "a", "request": None, "responder": None}).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"",
        b" \n",
        b"{}",
        b'{"action": ""}',
        b'{"action": 5}',
        b'{"action": true}',
        b'{"action": null}',
        b'{"action": "a", "request": "x"}',
        b'{"action": "a", "responder": {"directives": {}}}',
        b'{"action": "a", "request": {"frame": []}}',
        b'{"action": "a", "request": {"entities": [{"confidence": "high"}]}}',
        b"{'action': 'a'}",
        b'{"action": "a"} trailing',
        b'{"action": "a", "n": NaN}',
        b'{"action": "a", "n": 1e400}',
        b'{"action": "a", "n": ' + b"1" * 5000 + b"}",
        b'{"action": "\\ud800"}',
        b'{"action": "a", "\\udc00": 1}',
        b'{"action": "\xff"}',
        b'{"action": "\xed\xa0\x80"}',
        b'{"action": "\xc0\x80"}',
        b"\xff\xfe{\x00",
        '{"action": "a"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"action": "a"}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_is_no_invocation_is_a_bad_request(server: RunningServer, body: bytes) -> None:
    assert_problem(server.exchange("POST", "/action", body, JSON), 400)


def test_the_problem_points_at_what_is_wrong_and_quotes_nothing(server: RunningServer) -> None:
    answer = server.post({"action": "a", "request": {"entities": [{}, {"span": {"start": "secret-value"}}]}})
    assert_problem(answer, 400)
    assert [error["pointer"] for error in answer.json["errors"]] == ["/request/entities/1/span/start"]
    assert b"secret-value" not in answer.body


@pytest.mark.parametrize(
    ("path", "allowed"), [("/action", "POST"), ("/action/stream", "POST"), ("/actions", "GET")]
)
def test_another_method_is_not_allowed_and_told_which_one_is(
    server: RunningServer, path: str, allowed: str
) -> None:
    for method in {"PUT", "DELETE", "PATCH", "OPTIONS", "GET", "POST"} - {allowed}:
        answer = server.exchange(method, path)
        assert_problem(answer, 405)
        assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/nothing", "/action/fly", "/%ff", "/actions/../etc/passwd"])
def test_a_path_that_is_not_there_is_not_found(server: RunningServer, path: str) -> None:
    assert_problem(server.post({"action": "a"}, path), 404)


def test_an_attempt_is_named_in_its_answer(server: RunningServer) -> None:
    for action, status in (("a", 200), ("fail", 500)):
        answer = server.post(
            {"action": action}, X_MM_Call_Id="00f067aa", X_MM_Hops="2", X_MM_Timeout_Ms="2500"
        )
        assert (answer.status, answer.headers["x-mm-call-id"]) == (status, "00f067aa")


def test_a_client_that_waits_for_continue_is_told_to(server: RunningServer) -> None:
    connection = server.connect()
    try:
        connection.connect()
        assert connection.sock
        connection.sock.sendall(
            b"POST /action HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 15\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.sock.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sock.sendall(b'{"action": "a"}')
        assert connection.sock.recv(65536).startswith(b"HTTP/1.1 200 ")
    finally:
        connection.close()


def test_a_client_that_leaves_early_does_no_harm(server: RunningServer) -> None:
    for sent in (
        b"POST /action HTTP/1.1\r\nContent-Len",
        b"POST /action HTTP/1.1\r\nHost: l\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
    ):
        for _ in range(5):
            connection = server.connect()
            connection.connect()
            assert connection.sock
            connection.sock.sendall(sent)
            connection.close()
    assert server.post({"action": "a"}).status == 200
    assert server.errors == []


def test_health_is_told(server: RunningServer) -> None:
    for path in ("/healthz", "/readyz"):
        answer = server.exchange("GET", path)
        assert (answer.status, answer.json) == (200, {"status": "pass"})


def test_a_client_without_a_certificate_of_the_authority_is_refused(
    server: RunningServer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    stranger = CertificateAuthority(tmp_path).client()
    unknown = authority.context()
    unknown.load_cert_chain(stranger.certificate, stranger.private_key)
    for context in (authority.context(), unknown):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            RunningServer(server.process, server.url, context).post({"action": "a"})
    assert server.post({"action": "a"}).status == 200
