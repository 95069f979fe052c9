"""What goes wrong on the way to a server in MindMeld's own client, and does not here.

Each docstring gives the number of the defect and its name. The servers are real, on the loopback.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import warnings

import pytest
from tests.mindmeld.conftest import texts

from mm_actions import Application, CustomAction, CustomActionSequence, Request, Responder
from mm_actions.application.failure import APOLOGY
from mm_actions.errors import (
    BadContentType,
    ConnectFailed,
    ConnectionLost,
    DeadlineExceeded,
    Redirected,
    TlsPeerUntrusted,
)
from mm_actions.testing import Answer, FaultServer, Gate, Hang, InOrder, Reset, WaitFor

REPLY = Answer(json={"directives": [{"name": "reply", "type": "view", "payload": {"text": "hi"}}]})
TURN = Request(text="hi", domain="d", intent="i")


@pytest.fixture
def nobody():
    """An address where nobody listens, and nobody else will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/action"


@pytest.fixture
def mutual_tls(mm_certificates):
    """A server of a private authority that asks for a certificate of the same, and the client's files."""
    server, client = mm_certificates.server(), mm_certificates.client("kiosk")
    with FaultServer(REPLY, ssl_context=server.server_context(client_ca=server.ca)) as running:
        yield (
            running,
            {
                "url": running.url_for("localhost"),
                "cert": str(server.ca),
                "public_key": str(client.certificate),
                "private_key": str(client.private_key),
            },
        )


def test_a_server_that_is_down_is_a_falsy_result(invoke, nobody):
    """Defect 1, server down: the call raises an exception of a library, and the turn dies."""
    responder = Responder(frame={"kept": 1})
    result = invoke(CustomAction("a", {"url": nobody}), TURN, responder)
    assert not result
    assert isinstance(result.error, ConnectFailed)
    assert dict(responder) == dict(Responder(frame={"kept": 1}))


def test_a_connection_that_is_reset_is_a_falsy_result(invoke):
    """Defect 1, server down: so does a connection that is cut."""
    with FaultServer(Reset()) as server:
        result = invoke(CustomAction("a", {"url": server.url}), TURN, Responder())
    assert not result
    assert isinstance(result.error, ConnectionLost)


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_turn_survives_a_server_that_is_down(nobody, colour):
    """Defect 1, server down: here the turn goes on and the user is answered."""
    app = Application(__name__, async_mode=colour == "async")
    app.custom_action(intent="i", action="a", config={"url": nobody})
    responder = app.process(TURN) if colour == "sync" else asyncio.run(app.process_async(TURN))
    assert texts(responder) == [APOLOGY]


def test_a_private_authority_is_trusted(invoke, mm_certificates):
    """Defect 2, `cert`: the blocking client ignores it."""
    server = mm_certificates.server()
    with FaultServer(REPLY, ssl_context=server.server_context()) as running:
        config = {"url": running.url_for("localhost"), "cert": str(server.ca)}
        result = invoke(CustomAction("a", config), TURN, Responder())
    assert result, result.error


def test_a_client_certificate_is_presented_to_a_private_authority(invoke, mutual_tls):
    """Defect 2, `cert`: so mutual TLS within a company works in one colour alone."""
    server, config = mutual_tls
    result = invoke(CustomAction("a", config), TURN, Responder())
    assert result, result.error
    assert "kiosk" in str(server.requests[0].client_certificate)


@pytest.mark.parametrize("keys", ["certificate and key", "one file"])
def test_client_keys_do_not_need_an_authority(invoke, mm_certificates, keys):
    """Defect 3, keys without `cert`: the awaited client raises AttributeError, over plain http too."""
    client = mm_certificates.client()
    if keys == "one file":
        files = {"public_key": str(_both(client))}
    else:
        files = {"public_key": str(client.certificate), "private_key": str(client.private_key)}
    with FaultServer(REPLY) as server:
        assert invoke(CustomAction("a", {"url": server.url, **files}), TURN, Responder())
    with FaultServer(REPLY, ssl_context=mm_certificates.server().server_context()) as server:
        config = {"url": server.url_for("localhost"), **files}
        result = invoke(CustomAction("a", config), TURN, Responder())
    assert isinstance(result.error, TlsPeerUntrusted)  # the test's authority is not the system's


def test_one_file_with_certificate_and_key_is_presented(invoke, mm_certificates, mutual_tls):
    """Defect 3, keys without `cert`: the awaited client passes over `public_key` without `private_key`."""
    server, config = mutual_tls
    config = {**config, "public_key": str(_both(mm_certificates.client("both"))), "private_key": None}
    result = invoke(CustomAction("a", config), TURN, Responder())
    assert result, result.error
    assert "both" in str(server.requests[0].client_certificate)


def _both(client):
    path = client.certificate.with_suffix(".both.pem")
    with path.open("wb") as file:
        for part in (client.certificate, client.private_key):
            with part.open("rb") as source:
                shutil.copyfileobj(source, file)
    path.chmod(0o600)
    return path


def test_ten_calls_use_one_connection(invoke):
    """Defect 4, connection per call: ten calls are ten connections."""
    with FaultServer(REPLY) as server:
        assert invoke(CustomAction("a", {"url": server.url}), TURN, Responder(), times=10)
        assert (server.connections, server.request_count) == (1, 10)


def test_a_sequence_uses_one_connection(invoke):
    """Defect 4, connection per call: a sequence of three is three connections."""
    with FaultServer(REPLY) as server:
        assert invoke(CustomActionSequence(["a", "b", "c"], {"url": server.url}), TURN, Responder())
        assert (server.connections, server.request_count) == (1, 3)


def test_ten_calls_use_one_tls_handshake(invoke, mutual_tls):
    """Defect 4, connection per call: over TLS each call reads the certificates and shakes hands again."""
    server, config = mutual_tls
    assert invoke(CustomAction("a", config), TURN, Responder(), times=10)
    assert server.connections == 1


@pytest.mark.timeout(30)
def test_a_server_that_does_not_answer_is_given_up(invoke):
    """Defect 5, no timeout: a call waits for as long as the server likes, and no setting changes it."""
    with FaultServer(Hang()) as server:
        result = invoke(CustomAction("a", {"url": server.url, "timeout": 0.2}), TURN, Responder())
    assert isinstance(result.error, DeadlineExceeded)
    assert result.elapsed < 5


def test_there_is_a_timeout_without_any_setting():
    """Defect 5, no timeout: five seconds are the default."""
    assert CustomAction("a", {"url": "http://unused.example/"}).timeout == 5


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(invoke, status):
    """Defect 6, status: a 302 makes the POST a GET of another address, whose answer counts as success."""
    with FaultServer(REPLY) as other:
        redirect = Answer(status=status, headers={"Location": other.url})
        with FaultServer(redirect) as server:
            responder = Responder()
            result = invoke(CustomAction("a", {"url": server.url}), TURN, responder)
        assert not result
        assert isinstance(result.error, Redirected)
        assert (other.request_count, responder.directives) == (0, [])


@pytest.mark.parametrize("status", [200, 201, 202])
def test_other_successes_are_successes(invoke, status):
    """Defect 6, status: 201 and 202 count as failures."""
    with FaultServer(Answer(status=status, json=REPLY.json)) as server:
        responder = Responder()
        assert invoke(CustomAction("a", {"url": server.url}), TURN, responder)
    assert texts(responder) == ["hi"]


def test_no_content_is_a_success_that_changes_nothing(invoke):
    """Defect 6, status: 204 counts as a failure."""
    with FaultServer(Answer(status=204)) as server:
        responder = Responder(frame={"kept": 1})
        assert invoke(CustomAction("a", {"url": server.url}), TURN, responder)
    assert dict(responder) == dict(Responder(frame={"kept": 1}))


def test_a_proxy_of_the_environment_is_not_used(invoke, monkeypatch):
    """Defect 7, colours that differ: the blocking client uses HTTP_PROXY, the awaited one does not."""
    with FaultServer(Answer(status=502)) as proxy, FaultServer(REPLY) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert invoke(CustomAction("a", {"url": server.url}), TURN, Responder())
        assert (proxy.connections, server.request_count) == (0, 1)


def test_text_that_happens_to_be_json_is_refused(invoke):
    """Defect 7, colours that differ: the blocking client takes text/plain, the awaited one raises."""
    with FaultServer(Answer(body=b"{}", headers={"Content-Type": "text/plain"})) as server:
        result = invoke(CustomAction("a", {"url": server.url}), TURN, Responder())
    assert isinstance(result.error, BadContentType)


def test_credentials_and_the_call_s_trace_travel_with_it(invoke):
    """Defect 8, bare calls: there is no way to send credentials, and nothing to find a call by."""
    with FaultServer(REPLY) as server:
        config = {"url": server.url, "auth": {"bearer": "t0ken"}, "headers": {"X-Team": "kiosk"}}
        result = invoke(CustomAction("a", config), TURN, Responder())
        (sent,) = server.requests
    assert sent.headers["authorization"] == "Bearer t0ken"
    assert sent.headers["x-team"] == "kiosk"
    assert sent.headers["traceparent"].split("-")[1] == result.trace_id


def test_a_call_that_failed_is_repeated_under_one_key(invoke):
    """Defect 8, bare calls: nothing is tried again, and no key would make that safe."""
    with FaultServer(InOrder(Reset(), then=REPLY)) as server:
        result = invoke(CustomAction("a", {"url": server.url, "idempotent": True}), TURN, Responder())
        first, second = server.requests
    assert result, result.error
    assert result.attempts == 2
    assert first.idempotency_key == second.idempotency_key != ""


@pytest.mark.timeout(30)
def test_an_awaited_call_leaves_the_event_loop_free():
    """Defect 9, blocked loop: while a call waits, nothing else runs."""
    gate = Gate()

    async def talk(url):
        action = CustomAction("a", {"url": url})
        call = asyncio.create_task(action.invoke_async(TURN, Responder()))
        await asyncio.sleep(0)
        gate.open()  # the server answers after this alone
        return await call

    with FaultServer([WaitFor(gate), REPLY]) as server:
        result = asyncio.run(talk(server.url))
    assert result, result.error


def test_a_blocking_call_in_an_event_loop_warns_and_names_the_other_one():
    """Defect 9, blocked loop: `invoke` blocks it without a word."""

    async def talk(url):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = CustomAction("a", {"url": url}).invoke(TURN, Responder())
        return result, caught

    with FaultServer(REPLY) as server:
        result, caught = asyncio.run(talk(server.url))
    assert result
    assert [each.category for each in caught] == [RuntimeWarning]
    assert "await invoke_async" in str(caught[0].message)
    assert caught[0].filename == __file__
