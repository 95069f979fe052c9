"""Faults under and within TLS."""

from __future__ import annotations

import os
import socket
import ssl

import pytest

from mm_actions.testing import Answer, Close, Dribble, Endless, FaultServer, Hang, InOrder, Reset, Send, Wait


@pytest.fixture(scope="module")
def server_files(ca):
    return ca.server()


def test_requests_are_answered_over_tls(connect, ca, server_files):
    with FaultServer(Answer(json=1), ssl_context=server_files.server_context()) as server:
        assert server.url.startswith("https://127.0.0.1:")
        client = connect(server, ca.context())
        assert client.post(b"x" * 200_000).answer() == (200, b"1")
        assert client.post().answer() == (200, b"1")
        assert [len(request.body) for request in server.requests] == [200_000, 2]
        assert server.requests[0].client_certificate is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_version_can_be_chosen(connect, ca, server_files, version):
    context = server_files.server_context(minimum=version, maximum=version)
    with FaultServer(ssl_context=context) as server:
        client = connect(server, ca.context())
        assert client.post().answer()[0] == 200
        assert client.socket.version() == version.name.replace("_", ".")


def test_an_old_version_can_be_offered(connect, ca, server_files):
    context = server_files.server_context(minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1_1)
    with FaultServer(ssl_context=context) as server:
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol"):
            connect(server, ca.context())
        server.wait_until_deserted()
        assert len(server.tls_failures) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_asked_for_and_recorded(connect, ca, server_files, version):
    context = server_files.server_context(client_ca=ca.certificate, maximum=version)
    with FaultServer(ssl_context=context) as server:
        connect(server, ca.client("robot").client_context()).post().answer()
        (request,) = server.requests
        assert ((("commonName", "robot"),)) in request.client_certificate["subject"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("kind", ["missing", "expired", "unknown"])
def test_a_refused_client_reads_the_alert(connect, ca, server_files, version, kind):
    clients = {
        "missing": ca.context,
        "expired": lambda: ca.expired("client").client_context(),
        "unknown": lambda: ca.self_signed("client").client_context(),
    }
    context = server_files.server_context(client_ca=ca.certificate, maximum=version)
    with FaultServer(ssl_context=context) as server:
        with pytest.raises(
            ssl.SSLError, match=r"(?i)alert"
        ):  # within the handshake up to 1.2, after it from 1.3
            connect(server, clients[kind]()).post().read(1)
        server.wait_until_deserted(10)
        assert server.requests == []
        assert len(server.tls_failures) == 1


def test_an_optional_client_certificate_may_be_missing(connect, ca, server_files):
    context = server_files.server_context(client_ca=ca.certificate, client_required=False)
    with FaultServer(ssl_context=context) as server:
        assert connect(server, ca.context()).post().answer()[0] == 200


def test_a_close_says_so_and_a_truncation_does_not(connect, ca, server_files):
    script = InOrder((Send(b"a"), Close()), (Send(b"b"), Close(notify=False)))
    with FaultServer(script, ssl_context=server_files.server_context()) as server:
        trusting = ca.context()
        assert connect(server, trusting).post().read_to_end() == b"a"
        client = connect(server, trusting).post()
        client.socket.suppress_ragged_eofs = False
        assert client.read(1) == b"b"
        with pytest.raises(ssl.SSLEOFError):
            client.read(1)


def test_a_reset_goes_under_tls(connect, ca, server_files):
    context = server_files.server_context(maximum=ssl.TLSVersion.TLSv1_2)
    with FaultServer(Reset(), ssl_context=context) as server:
        client = connect(server, ca.context()).post()
        server.wait_until_deserted()
        with pytest.raises(ConnectionResetError):
            os.read(client.socket.fileno(), 1)  # ssl itself reports a reset as an end of file


def test_the_handshake_itself_can_fail(connect, ca, server_files):
    script = InOrder(Reset(), Hang(), Close(), then=Wait(0.05))
    with FaultServer(on_connect=script, ssl_context=server_files.server_context()) as server:
        with pytest.raises(OSError, match=r"(?i)reset"):
            connect(server, ca.context())
        with (
            socket.create_connection((server.host, server.port), timeout=0.2) as plain,
            pytest.raises(TimeoutError),
        ):
            ca.context().wrap_socket(plain, server_hostname="localhost")
        with pytest.raises(OSError, match=r"(?i)eof"):
            connect(server, ca.context())
        assert connect(server, ca.context()).post().answer()[0] == 200


def test_plain_text_to_a_tls_port_is_a_tls_failure(connect, server_files):
    with FaultServer(ssl_context=server_files.server_context()) as server:
        client = connect(server).post()
        client.socket.shutdown(socket.SHUT_WR)
        client.read_to_end()
        server.wait_until_deserted()
        assert server.tls_failures == ["HTTP_REQUEST"]


def test_dribbles_and_endless_bodies_are_encrypted_too(connect, ca, server_files):
    script = InOrder(Dribble(Answer(json=[1]), chunk=30, interval=0.01), Endless(limit=1 << 30))
    with FaultServer(script, ssl_context=server_files.server_context()) as server:
        client = connect(server, ca.context())
        assert client.post().answer() == (200, b"[1]")
        client.post().read(1 << 20)
        client.socket.close()
        server.wait_until_deserted()
        assert server.bytes_sent < 64 << 20
