"""Who may call: a bearer token, client certificates."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from tests.example_server.other_languages.hosting import assert_problem
from tests.example_server.running import JSON, RunningServer

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.testing import CertificateAuthority


@pytest.mark.parametrize(
    "token", [None, "", "Bearer", "Bearer wrong", "Basic s3cret", "s3cret", "Bearer \xe9"]
)
def test_a_caller_without_the_token_is_unauthorized(guarded: RunningServer, token: str | None) -> None:
    given = {} if token is None else {"Authorization": token}
    for method, path in (("POST", "/action"), ("GET", "/actions")):
        answer = guarded.exchange(method, path, b'{"action": "a"}', {**JSON, **given})
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert b"s3cret" not in answer.body


def test_the_token_opens_the_door_and_health_needs_none(guarded: RunningServer) -> None:
    for scheme in ("Bearer", "bearer"):
        assert guarded.post({"action": "a"}, Authorization=f"{scheme} s3cret").status == 200
    for path in ("/healthz", "/readyz"):
        assert guarded.exchange("GET", path).status == 200


def test_only_a_client_with_a_certificate_of_the_authority_gets_in(
    secure: RunningServer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    assert secure.post({"action": "a"}).status == 200
    stranger = CertificateAuthority(tmp_path).client()
    unknown = authority.context()
    unknown.load_cert_chain(stranger.certificate, stranger.private_key)
    for context in (authority.context(), unknown):
        uninvited = RunningServer(secure.process, secure.url, context)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            uninvited.post({"action": "a"})
    assert secure.post({"action": "a"}).status == 200


def _order(secure: RunningServer, authority: CertificateAuthority) -> CustomAction:
    client = authority.client("coffee")
    config = {
        "url": f"{secure.url}/action",
        "cert": str(authority.certificate),
        "public_key": str(client.certificate),
        "private_key": str(client.private_key),
    }
    return CustomAction("add_to_order", config)


_MOCHA = Request(entities=[{"type": "drink", "text": "mocha", "value": [{"cname": "mocha"}]}])
_ADDED = "I added 1 medium mocha. Your order has 1 item."


def test_our_client_calls_its_actions_over_tls_with_a_certificate(
    secure: RunningServer, authority: CertificateAuthority
) -> None:
    responder = DialogueResponder()
    result = _order(secure, authority).invoke(_MOCHA, responder)
    assert result, result.error
    assert responder.directives[0]["payload"]["text"] == _ADDED
    assert responder.frame["order"]["total"] == 4.75
    close_endpoints()


def test_our_async_client_calls_its_actions_over_tls_with_a_certificate(
    secure: RunningServer, authority: CertificateAuthority
) -> None:

    responder = DialogueResponder()

    async def call() -> None:
        result = await _order(secure, authority).invoke_async(_MOCHA, responder)
        assert result, result.error

    asyncio.run(call())
    assert responder.directives[0]["payload"]["text"] == _ADDED
    close_endpoints()
