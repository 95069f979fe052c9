"""Who may call, and whom to trust, over HTTP."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions.errors import ClientCertificateRejected, NotAuthorized, Sent, TlsPeerUntrusted
from mm_actions.testing import Answer, FaultServer
from transports.mcp.conftest import noted, serving

if TYPE_CHECKING:
    from pathlib import Path

    from mm_actions.testing import CertificateAuthority
    from transports.mcp.conftest import Run

BASIC = base64.b64encode(b"ann:secret").decode()


@pytest.mark.parametrize(
    ("wanted", "auth"),
    [
        ("Bearer t0ken", {"bearer": "t0ken"}),
        (f"Basic {BASIC}", {"basic": {"username": "ann", "password": "secret"}}),
    ],
)
def test_credentials_and_headers_go_with_every_request(
    invoke: Run, tmp_path: Path, wanted: str, auth: dict[str, Any]
) -> None:
    journal = tmp_path / "journal"
    with serving(PEER_AUTHORIZATION=wanted, PEER_JOURNAL=str(journal)) as port:
        url = f"mcp+http://127.0.0.1:{port}/mcp"
        assert invoke("echo", url, auth=auth, headers={"X-Shop": "north"})
        assert noted(journal, "north mm_actions") >= 3
        refused = invoke("echo", url)
    assert isinstance(refused.error, NotAuthorized)
    assert refused.error.sent is Sent.NO
    assert "t0ken" not in str(refused.error)


def test_a_private_authority_and_a_client_certificate(
    invoke: Run, mm_certificates: CertificateAuthority
) -> None:
    files, client = mm_certificates.server(), mm_certificates.client()
    variables = {
        "PEER_CERTIFICATE": str(files.certificate),
        "PEER_KEY": str(files.private_key),
        "PEER_CLIENT_CA": str(mm_certificates.certificate),
    }
    with serving(**variables) as port:
        url = f"mcp+https://localhost:{port}/mcp"
        mutual = {
            "cert": str(mm_certificates.certificate),
            "public_key": str(client.certificate),
            "private_key": str(client.private_key),
        }
        assert invoke("echo", url, **mutual)
        stranger = invoke("echo", url)
    assert isinstance(stranger.error, TlsPeerUntrusted)
    assert stranger.error.sent is Sent.NO


def test_a_missing_client_certificate_is_named(invoke: Run, mm_certificates: CertificateAuthority) -> None:
    context = mm_certificates.server().server_context(client_ca=mm_certificates.certificate)
    with FaultServer(Answer(json={}), ssl_context=context) as server:
        url = f"mcp+{server.url}/mcp".replace("127.0.0.1", "localhost")
        nobody = invoke("echo", url, cert=str(mm_certificates.certificate))
    assert isinstance(nobody.error, ClientCertificateRejected)
    assert nobody.error.sent is Sent.NO
