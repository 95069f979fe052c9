"""What every engine does in both colours over TLS."""

import datetime as dt
import logging
import shutil
import ssl

import pytest
import trustme

from mm_actions.errors import (
    ClientCertificateRejected,
    ConnectFailed,
    DeadlineExceeded,
    Sent,
    TlsFailed,
    TlsPeerUntrusted,
)
from mm_actions.testing import CertificateAuthority
from mm_actions.transports.http.tls import TlsMaterial, TlsSource
from transports.http.byte_server import ok, serve, server_context

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
VERSIONS = pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"]
)


@pytest.fixture
def pair(tmp_path):
    """Write a certificate and its key into two files."""

    def write(certificate: trustme.LeafCert, name: str = "client") -> dict[str, str]:
        paths = {"certificate": tmp_path / f"{name}.pem", "private_key": tmp_path / f"{name}.key"}
        certificate.private_key_pem.write_to_path(paths["private_key"])
        paths["certificate"].write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        return {key: str(path) for key, path in paths.items()}

    return write


def test_a_private_ca_is_enough(start, open_client, server_certificate, ca_file):
    server = start(serve(ok(b"[1]")), server_context(server_certificate))
    client = open_client(tls=TlsMaterial.load(ca=ca_file))
    assert client.call(server.url).body == b"[1]"
    assert client.call(server.at("127.0.0.1")).body == b"[1]"


@VERSIONS
def test_a_hundred_calls_with_a_client_certificate_share_one_connection(
    start, open_client, ca, server_certificate, ca_file, pair, version
):
    server = start(serve(ok()), server_context(server_certificate, clients=ca, version=version))
    client = open_client(tls=TlsSource(ca=ca_file, **pair(ca.issue_cert("someone@example.org"))))
    for _ in range(100):
        assert client.call(server.url).status == 200
    assert server.connections == 1


def refusal(call):
    with pytest.raises(TlsPeerUntrusted) as caught:
        call()
    assert (caught.value.sent, caught.value.retryable) == (Sent.NO, False)
    return str(caught.value)


def test_an_unknown_ca_is_named_with_what_to_set(start, open_client, server_certificate, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    server = start(serve(ok()), server_context(server_certificate))
    for tls in (TlsMaterial.load(ca=tmp_path / "other.pem"), None):
        message = refusal(lambda tls=tls: open_client(tls=tls).call(server.url))
        assert "not known" in message
        assert "set cert=<your CA file>" in message
    assert server.requests == []


def test_a_wrong_host_is_named(start, open_client, ca, ca_file):
    server = start(serve(ok()), server_context(ca.issue_cert("elsewhere.example")))
    client = open_client(tls=TlsMaterial.load(ca=ca_file))
    assert "another host name" in refusal(lambda: client.call(server.url))
    assert "for another" in refusal(lambda: client.call(server.at("127.0.0.1")))


def test_an_expired_certificate_is_named(start, open_client, ca, ca_file):
    late = ca.issue_cert("localhost", not_before=NOW - 3 * DAY, not_after=NOW - DAY)
    server = start(serve(ok()), server_context(late))
    client = open_client(tls=TlsMaterial.load(ca=ca_file))
    assert "has expired" in refusal(lambda: client.call(server.url))


def test_a_certificate_from_the_future_is_named(start, open_client, ca, ca_file):
    early = ca.issue_cert("localhost", not_before=NOW + DAY, not_after=NOW + 3 * DAY)
    server = start(serve(ok()), server_context(early))
    client = open_client(tls=TlsMaterial.load(ca=ca_file))
    assert "not valid yet" in refusal(lambda: client.call(server.url))


def test_an_incomplete_chain_is_named(start, open_client, ca, ca_file):
    leaf = ca.create_child_ca().issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with leaf.private_key_pem.tempfile() as key, leaf.cert_chain_pems[0].tempfile() as alone:
        context.load_cert_chain(alone, key)
    server = start(serve(ok()), context)
    client = open_client(tls=TlsMaterial.load(ca=ca_file))
    assert "set cert=<your CA file>" in refusal(lambda: client.call(server.url))


def test_verification_can_be_switched_off_in_so_many_words(start, open_client, ca, engine_name, recwarn):
    server = start(serve(ok()), server_context(ca.issue_cert("elsewhere.example")))
    if engine_name == "requests":
        pytest.importorskip("urllib3").disable_warnings()
    assert open_client(tls=TlsMaterial.load(verify=False)).call(server.url).status == 200


@VERSIONS
@pytest.mark.parametrize("size", [10, 500_000], ids=["small", "large"])
def test_a_missing_client_certificate_is_named(
    start, open_client, ca, server_certificate, ca_file, version, size
):
    server = start(serve(ok()), server_context(server_certificate, clients=ca, version=version))
    client = open_client(tls=TlsMaterial.load(ca=ca_file))
    with pytest.raises(ClientCertificateRejected, match="none is configured") as caught:
        client.call(server.url, bytes(size))
    assert "public_key" in str(caught.value)
    assert not caught.value.retryable
    assert caught.value.sent is (Sent.NO if version is ssl.TLSVersion.TLSv1_2 else Sent.MAYBE)


@VERSIONS
def test_a_client_certificate_that_is_not_accepted_is_named_with_its_dates(
    start, open_client, ca, server_certificate, ca_file, pair, version
):
    server = start(serve(ok()), server_context(server_certificate, clients=ca, version=version))
    files = pair(trustme.CA().issue_cert("stranger@example.org"))
    client = open_client(tls=TlsMaterial.load(ca=ca_file, **files))
    with pytest.raises(
        ClientCertificateRejected, match=r"unknown ca|certificate unknown|cut the conn"
    ) as caught:
        client.call(server.url)
    assert files["certificate"] in str(caught.value)
    assert "valid 20" in str(caught.value)


@VERSIONS
def test_an_expired_client_certificate_is_named_with_its_dates(
    start, open_client, ca, server_certificate, ca_file, pair, version
):
    late = ca.issue_cert("me@example.org", not_before=NOW - 3 * DAY, not_after=NOW - DAY)
    server = start(serve(ok()), server_context(server_certificate, clients=ca, version=version))
    client = open_client(tls=TlsMaterial.load(ca=ca_file, **pair(late)))
    with pytest.raises(ClientCertificateRejected, match=r"certificate expired|cut the conn") as caught:
        client.call(server.url)
    assert f"to {NOW - DAY:%Y-%m-%d}" in str(caught.value)


def test_an_encrypted_key_and_a_combined_file_work(
    start, open_client, ca, server_certificate, ca_file, tmp_path
):
    from cryptography.hazmat.primitives import serialization

    leaf = ca.issue_cert("me@example.org")
    key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"s3cret"),
    )
    combined = tmp_path / "both.pem"
    combined.write_bytes(locked + b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    server = start(serve(ok()), server_context(server_certificate, clients=ca))
    client = open_client(tls=TlsMaterial.load(ca=ca_file, certificate=combined, password="s3cret"))
    assert client.call(server.url).status == 200


def test_old_tls_is_refused(start, open_client, server_certificate, ca_file):
    context = server_context(server_certificate)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(TlsFailed) as caught:
        open_client(tls=TlsMaterial.load(ca=ca_file)).call(start(serve(ok()), context).url)
    assert (type(caught.value), caught.value.sent) == (TlsFailed, Sent.NO)


def test_plain_http_on_the_port_is_named(start, open_client, ca_file):
    server = start(lambda peer: peer.channel.recv(10) and peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with pytest.raises(TlsFailed, match="plain http"):
        open_client(tls=TlsMaterial.load(ca=ca_file)).call(f"https://localhost:{server.port}/")


def test_a_cut_within_the_handshake_may_be_tried_again(start, open_client, ca_file):
    server = start(lambda peer: peer.channel.recv(10) and peer.reset())
    with pytest.raises(ConnectFailed, match=r"handshake|reset|RESET") as caught:
        open_client(tls=TlsMaterial.load(ca=ca_file)).call(f"https://localhost:{server.port}/")
    assert (caught.value.sent, caught.value.retryable) == (Sent.NO, True)


def test_a_handshake_that_hangs_ends_with_the_time(start, open_client, ca_file):
    server = start(lambda peer: peer.hold())
    client = open_client(tls=TlsMaterial.load(ca=ca_file), connect_timeout=5)
    with pytest.raises(DeadlineExceeded) as caught:
        client.call(f"https://localhost:{server.port}/", timeout=0.3)
    assert caught.value.sent is Sent.NO


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_replaced_revocation_list_counts_from_the_next_connection_on(start, open_client, tmp_path, caplog):
    authority = CertificateAuthority(tmp_path)
    files = authority.server()
    crl = tmp_path / "crl.pem"
    shutil.copy(authority.revocation_list(), crl)
    context = files.server_context()

    def script(peer):
        while peer.read() is not None:
            peer.send(ok())

    clock = Clock()
    client = open_client(tls=TlsSource(ca=files.ca, crl=crl, clock=clock))
    server = start(script, context)
    assert client.call(server.url).status == 200
    crl.write_bytes(crl.read_bytes()[:100])
    clock.now += 3
    assert client.call(server.url).status == 200
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    shutil.copy(authority.revocation_list(files), crl)
    clock.now += 3
    with pytest.raises(TlsPeerUntrusted, match="revoked"):
        client.call(server.url)


def test_replaced_files_are_used_without_a_failed_call(
    start, open_client, ca, server_certificate, ca_file, pair, caplog
):
    caplog.set_level(logging.INFO, "mm_actions.tls")
    other = trustme.CA()
    context = server_context(server_certificate, clients=ca)
    other.configure_trust(context)
    seen = []

    def script(peer):
        seen.append(peer.channel.getpeercert()["serialNumber"])
        while peer.read() is not None:
            peer.send(ok())

    server = start(script, context)
    files = pair(ca.issue_cert("old@example.org"))
    clock = Clock()
    client = open_client(tls=TlsSource(ca=ca_file, clock=clock, **files))
    assert client.call(server.url).status == 200
    new = pair(other.issue_cert("new@example.org"), "new")

    shutil.copy(new["certificate"], files["certificate"])
    clock.now += 3
    assert client.call(server.url).status == 200
    clock.now += 3
    assert client.call(server.url).status == 200
    assert (len(seen), [record.levelname for record in caplog.records]) == (1, ["WARNING"])

    shutil.copy(new["private_key"], files["private_key"])
    clock.now += 3
    assert client.call(server.url).status == 200
    assert client.call(server.url).status == 200
    assert len(seen) == len(set(seen)) == 2
    assert caplog.records[-1].levelname == "INFO"
