"""Credentials: a bearer token, the signature of the contract, client certificates."""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from example_server.access import Access, sign
from example_server.problems import RefusedError
from tests.contract.openapi_schemas import faults
from tests.example_server.running import JSON, run_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.example_server.running import Answer, RunningServer

_BODY = b'{"action": "a"}'


@pytest.fixture(scope="module")
def guarded() -> Iterator[RunningServer]:
    with run_server("--auth-token", "s3cret", "--hmac-secret", "k3y") as running:
        yield running


def _post(server: RunningServer, *, token: str | None, signature: str | None, body: bytes = _BODY) -> Answer:
    headers = dict(JSON)
    if token is not None:
        headers["Authorization"] = token
    if signature is not None:
        headers["X-MM-Signature"] = signature
    return server.exchange("POST", "/action", body, headers)


def _signature(body: bytes = _BODY, *, age: int = 0, secret: str = "k3y") -> str:
    moment = str(int(time.time()) - age)
    return f"t={moment},v1={sign(secret, moment, body)}"


def test_the_right_credentials_open_the_door(guarded: RunningServer) -> None:
    assert _post(guarded, token="Bearer s3cret", signature=_signature()).status == 200
    assert _post(guarded, token="bearer s3cret", signature=_signature(age=200)).status == 200


@pytest.mark.parametrize(
    "token", [None, "", "Bearer", "Bearer wrong", "Basic s3cret", "s3cret", "Bearer \xe9"]
)
def test_a_caller_without_the_token_is_unauthorized(guarded: RunningServer, token: str | None) -> None:
    answer = _post(guarded, token=token, signature=_signature())
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert faults("Problem", answer.json) == []
    assert b"s3cret" not in answer.body


@pytest.mark.parametrize(
    "signature", [None, "", "v1=abc", "t=,v1=", "t=soon,v1=00", "t=" + "9" * 5000], ids=str
)
def test_a_body_without_a_signature_is_unauthorized(guarded: RunningServer, signature: str | None) -> None:
    answer = _post(guarded, token="Bearer s3cret", signature=signature)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "X-MM-Signature"


@pytest.mark.parametrize(
    "signed",
    [{"secret": "other"}, {"body": b'{"action": "b"}'}, {"age": 301}, {"age": -400}],
    ids=["another secret", "another body", "too old", "too far ahead"],
)
def test_a_signature_of_something_else_is_unauthorized(
    guarded: RunningServer, signed: dict[str, Any]
) -> None:
    assert _post(guarded, token="Bearer s3cret", signature=_signature(**signed)).status == 401
    assert _post(guarded, token="Bearer s3cret", signature=_signature()[:-2]).status == 401


def test_the_catalogue_needs_credentials_and_health_needs_none(guarded: RunningServer) -> None:
    assert guarded.exchange("GET", "/actions").status == 401
    signed = {"Authorization": "Bearer s3cret", "X-MM-Signature": _signature(b"")}
    assert guarded.exchange("GET", "/actions", headers=signed).status == 200
    for path in ("/healthz", "/readyz", "/openapi.json", "/ui/"):
        assert guarded.exchange("GET", path).status == 200


def test_a_signature_ages_by_the_clock_of_the_server() -> None:
    access = Access(secret="k3y", now=lambda: 1_000_300.0)
    headers = {"x-mm-signature": f"t=1000000,v1={sign('k3y', '1000000', _BODY)}"}
    access.check_signature(headers, _BODY)
    later = Access(secret="k3y", now=lambda: 1_000_301.0)
    with pytest.raises(RefusedError):
        later.check_signature(headers, _BODY)


def test_credentials_do_not_show_in_the_settings_that_hold_them() -> None:
    assert "k3y" not in repr(Access(token="s3cret", secret="k3y"))
    assert "s3cret" not in repr(Access(token="s3cret", secret="k3y"))


def test_only_a_client_with_a_certificate_of_the_private_authority_gets_in(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "server.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "server.key"))
    arguments = ("--tls-cert", "server.pem", "--tls-key", "server.key", "--client-ca", "ca.pem")
    given = [str(tmp_path / value) if "." in value else value for value in arguments]
    trusted, unknown, anonymous = (ssl.create_default_context() for _ in range(3))
    for context in (trusted, unknown, anonymous):
        authority.configure_trust(context)
    authority.issue_cert("app@example.org").configure_cert(trusted)
    stranger.issue_cert("app@example.org").configure_cert(unknown)
    with run_server(*given, tls=trusted) as server:
        assert server.url.startswith("https://")
        assert server.post(json.loads(_BODY)).status == 200
        for context in (unknown, anonymous):
            server.tls = context
            with pytest.raises((ssl.SSLError, ConnectionError)):
                server.post(json.loads(_BODY))
        server.tls = trusted
        assert server.post(json.loads(_BODY)).status == 200
