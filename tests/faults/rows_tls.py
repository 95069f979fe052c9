"""Rows T: certificates that are wrong, missing, weak or replaced while the program runs."""

import ssl
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from faults.bench import Bench
from faults.table import row
from mm_actions import CustomAction
from mm_actions.errors import ClientCertificateRejected, ConfigurationError, Sent, TlsFailed, TlsPeerUntrusted
from mm_actions.testing import CertificateAuthority, CertificateFiles, FaultServer

MOST_PROCESSOR_TIME = 0.05
PATIENT = {"breaker": {"failures": 1000}}


def trusting(bench: Bench, files: CertificateFiles) -> dict[str, Any]:
    return {"cert": str(files.ca)}


def distrusts(bench: Bench, files: CertificateFiles, *words: str, **context: Any) -> None:
    server = bench.serve(ssl_context=files.server_context(**context))
    action = bench.action(server.url, **trusting(bench, bench.certificates.server()))
    outcome = bench.fails(action, TlsPeerUntrusted, sent=Sent.NO)
    assert outcome.result.attempts == 1
    assert any(word in str(outcome.error).lower() for word in words), str(outcome.error)
    assert server.request_count == 0


@row("T1", "the server's certificate has expired", "`tls-peer-untrusted`, not sent; says so; not tried again")
def expired(bench: Bench) -> None:
    distrusts(bench, bench.certificates.expired(), "expired")


@row("T1a", "the server's certificate is not valid yet", "`tls-peer-untrusted`, not sent; says so")
def not_yet(bench: Bench) -> None:
    distrusts(bench, bench.certificates.not_yet_valid(), "not yet valid", "not valid yet")


@row("T1b", "the server's certificate is another host's", "`tls-peer-untrusted`, not sent; says so")
def wrong_host(bench: Bench) -> None:
    distrusts(bench, bench.certificates.wrong_host(), "host", "name", "127.0.0.1")


@row(
    "T1c",
    "the server's certificate has a common name only",
    "`tls-peer-untrusted`, not sent",
    without={"curl": "libcurl takes the common name of a certificate that has no subjectAltName"},
)
def common_name_only(bench: Bench) -> None:
    distrusts(bench, bench.certificates.common_name_only("127.0.0.1"), "host", "name", "127.0.0.1")


@row("T2", "the server's certificate is its own authority", "`tls-peer-untrusted`, not sent; names `cert`")
def self_signed(bench: Bench) -> None:
    distrusts(bench, bench.certificates.self_signed(), "self-signed", "self signed", "authority", "cert")


@row(
    "T2a", "the server's authority is not among those trusted", "`tls-peer-untrusted`, not sent; names `cert`"
)
def unknown_authority(bench: Bench) -> None:
    server = bench.serve(ssl_context=bench.certificates.server().server_context())
    outcome = bench.fails(bench.action(server.url), TlsPeerUntrusted, sent=Sent.NO)
    assert "cert" in str(outcome.error)


@row("T2b", "the server leaves out its intermediate certificate", "`tls-peer-untrusted`, not sent")
def incomplete(bench: Bench) -> None:
    distrusts(bench, bench.certificates.incomplete_chain(), "issuer", "chain", "authority", "cert")


@row(
    "T3",
    "the server's certificate is on the list that `crl` names",
    "`tls-peer-untrusted`, not sent; says so",
)
def revoked(bench: Bench) -> None:
    ca, bad, good = bench.certificates, bench.certificates.server(), bench.certificates.server()
    settings = {"cert": str(bad.ca), "crl": str(ca.revocation_list(bad))}
    server = bench.serve(ssl_context=bad.server_context())
    outcome = bench.fails(bench.action(server.url, **settings), TlsPeerUntrusted, sent=Sent.NO)
    assert "revoked" in str(outcome.error)
    assert outcome.result.attempts == 1
    assert server.request_count == 0
    bench.succeeds(bench.action(bench.serve(ssl_context=good.server_context()).url, **settings))
    bench.succeeds(bench.action(server.url, cert=str(bad.ca)))  # nobody is asked unless told to


@row(
    "T3a",
    "the list is missing one of the authorities, or is out of date",
    "`tls-peer-untrusted`, not sent; names `crl`",
)
def list_of_no_use(bench: Bench) -> None:
    ca, files = bench.certificates, bench.certificates.server()
    elsewhere = bench.directory / "elsewhere"
    elsewhere.mkdir()
    server = bench.serve(ssl_context=files.server_context())
    for crl in (CertificateAuthority(elsewhere).revocation_list(), ca.revocation_list(expired=True)):
        action = bench.action(server.url, cert=str(files.ca), crl=str(crl))
        outcome = bench.fails(action, TlsPeerUntrusted, sent=Sent.NO)
        assert "crl" in str(outcome.error)
    with pytest.raises(ConfigurationError, match="crl"):
        bench.action(server.url, cert=str(files.ca), crl=str(files.ca))


@cache
def weak_certificates(authority: CertificateAuthority) -> tuple[CertificateFiles, ...]:
    return authority.sha1(), authority.rsa_1024()


@row("T4", "SHA-1 or RSA-1024 in the server's certificate", "`tls-peer-untrusted` or `tls-failed`, not sent")
def weak(bench: Bench) -> None:
    for files in weak_certificates(bench.certificates):
        server = bench.serve(ssl_context=files.server_context())
        action = bench.action(server.url, **trusting(bench, files))
        bench.fails(action, (TlsPeerUntrusted, TlsFailed), sent=Sent.NO)
        assert server.request_count == 0


@row("T4a", "TLS 1.0 or 1.1 only", "`tls-failed`, not sent")
def old_tls(bench: Bench) -> None:
    files = bench.certificates.server()
    context = files.server_context(minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1_1)
    server = bench.serve(ssl_context=context)
    bench.fails(bench.action(server.url, **trusting(bench, files)), TlsFailed, sent=Sent.NO)


def rejected(bench: Bench, version: ssl.TLSVersion, files: CertificateFiles | None) -> None:
    own = bench.certificates.server()
    context = own.server_context(client_ca=own.ca, minimum=version, maximum=version)
    server = bench.serve(ssl_context=context)
    settings = trusting(bench, own)
    if files is not None:
        settings |= {"public_key": str(files.certificate), "private_key": str(files.private_key)}
    action = bench.action(server.url, idempotent=True, **settings)
    outcome = bench.fails(action, ClientCertificateRejected, sent=(Sent.MAYBE, Sent.NO))
    assert outcome.result.attempts == 1
    if files is not None:
        assert files.certificate.name in str(outcome.error)
    assert server.request_count == 0


@row(
    "T5",
    "TLS 1.3: no client certificate, an unknown one, an expired one",
    "`client-certificate-rejected`, names it",
)
def rejected_13(bench: Bench) -> None:
    for files in (None, bench.certificates.self_signed("client"), bench.certificates.expired("client")):
        rejected(bench, ssl.TLSVersion.TLSv1_3, files)


@row("T6", "TLS 1.2: the same", "`client-certificate-rejected`, names it")
def rejected_12(bench: Bench) -> None:
    for files in (None, bench.certificates.self_signed("client"), bench.certificates.expired("client")):
        rejected(bench, ssl.TLSVersion.TLSv1_2, files)


@row(
    "T7", "files that are missing, do not match, or need a password", "a clear error when the action is made"
)
def broken_files(bench: Bench) -> None:
    good, other = bench.certificates.client(), bench.certificates.mismatched()
    locked = bench.certificates.encrypted("client", password="open")
    empty = bench.directory / "empty.pem"
    empty.write_text("")
    for settings in (
        {"cert": str(bench.directory / "missing.pem")},
        {"cert": str(empty)},
        {"public_key": str(good.certificate), "private_key": str(bench.directory / "missing.pem")},
        {"public_key": str(other.certificate), "private_key": str(other.private_key)},
        {"public_key": str(locked.certificate), "private_key": str(locked.private_key)},
        {
            "public_key": str(locked.certificate),
            "private_key": str(locked.private_key),
            "private_key_password": "wrong",
        },
    ):
        with pytest.raises(ConfigurationError) as caught:
            bench.action("https://127.0.0.1:1", **settings)
        assert ".pem" in str(caught.value)
        assert "wrong" not in str(caught.value).replace("wrong password", "")


@row("T7a", "an encrypted key, with its password", "succeeds")
def locked_key(bench: Bench) -> None:
    own, locked = bench.certificates.server(), bench.certificates.encrypted("client", password="open")
    server = bench.serve(ssl_context=own.server_context(client_ca=own.ca))
    action = bench.action(
        server.url, cert=str(own.ca), public_key=str(locked.certificate), private_key=str(locked.private_key),
        private_key_password="open",
    )  # fmt: skip
    bench.succeeds(action)


def put(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


@row(
    "T8",
    "certificate and key are replaced on disk",
    "new connections use the new pair; no call fails; a half pair waits",
)
def replaced(bench: Bench) -> None:
    own, first, second = (
        bench.certificates.server(),
        bench.certificates.client("a"),
        bench.certificates.client("b"),
    )
    certificate = bench.directory / f"{bench.engine}-{bench.colour}.pem"
    key = certificate.with_suffix(".key")
    put(certificate, first.certificate.read_bytes())
    put(key, first.private_key.read_bytes())
    server = bench.serve(ssl_context=own.server_context(client_ca=own.ca))
    action = bench.action(server.url, cert=str(own.ca), public_key=str(certificate), private_key=str(key))
    bench.succeeds(action)
    put(certificate, second.certificate.read_bytes())  # the key does not fit yet
    server.drop_connections()
    bench.succeeds(action)
    put(key, second.private_key.read_bytes())
    server.drop_connections()
    bench.succeeds(action)


def processor_time(bench: Bench, action: CustomAction, server: FaultServer, *, fails: bool) -> float:
    """Give the least CPU seconds of a call that connects anew, those of the server's side included."""
    spent = []
    for _ in range(5):
        server.drop_connections()
        began = time.process_time()
        result = bench.invoke(action).result
        spent.append(time.process_time() - began)
        assert bool(result) is not fails, str(result.error)
    return min(spent)


@row(
    "T10",
    "the server has no certificate for the name that it is asked for",
    "`tls-failed`, not sent; says so",
)
def unknown_name(bench: Bench) -> None:
    files = bench.certificates.server()
    context = files.server_context()
    context.sni_callback = lambda _socket, name, _context: (
        ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name == "localhost" else None
    )
    server = bench.serve(ssl_context=context)
    outcome = bench.fails(
        bench.action(server.url_for("localhost"), **trusting(bench, files)), TlsFailed, sent=Sent.NO
    )
    assert "unrecognized name" in str(outcome.error)
    bench.succeeds(bench.action(server.url, **trusting(bench, files)))


@cache
def with_names(authority: CertificateAuthority, count: int) -> CertificateFiles:
    return authority.server(*(f"host-{number}.example.org" for number in range(count)), "127.0.0.1")


@cache
def with_chain(authority: CertificateAuthority, size: int) -> CertificateFiles:
    return authority.padded_chain(size)


@row(
    "T10a",
    "a certificate with 4,000 names, and one with 10,000",
    "succeeds; `tls-failed`, not sent; 50 ms of CPU at most",
)
def many_names(bench: Bench) -> None:
    for count, fails in ((4_000, False), (10_000, True)):
        files = with_names(bench.certificates, count)
        server = bench.serve(ssl_context=files.server_context())
        action = bench.action(server.url, **trusting(bench, files), resilience=PATIENT)
        if fails:
            outcome = bench.fails(action, TlsFailed, sent=Sent.NO)
            assert "100 KiB" in str(outcome.error)
        assert processor_time(bench, action, server, fails=fails) < MOST_PROCESSOR_TIME


@row("T10b", "a chain of 90 KB, and one of 110 KB", "succeeds; `tls-failed`, not sent; 50 ms of CPU at most")
def long_chain(bench: Bench) -> None:
    for size, fails in ((90_000, False), (110_000, True)):
        files = with_chain(bench.certificates, size)
        server = bench.serve(ssl_context=files.server_context())
        action = bench.action(server.url, **trusting(bench, files), resilience=PATIENT)
        if fails:
            bench.fails(action, TlsFailed, sent=Sent.NO)
        assert processor_time(bench, action, server, fails=fails) < MOST_PROCESSOR_TIME


@row("T12", "`verify: false`", "refused unless `insecure_dev` says so as well")
def unverified(bench: Bench) -> None:
    server = bench.serve(ssl_context=bench.certificates.self_signed().server_context())
    with pytest.raises(ConfigurationError, match="insecure_dev"):
        bench.action(server.url, verify=False)
    bench.succeeds(CustomAction("greet", bench.settings(server.url, verify=False, insecure_dev=True)))
