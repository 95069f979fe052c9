"""Each certificate is good or bad in exactly the way it says."""

from __future__ import annotations

import ssl
import stat
import subprocess
import sys

import pytest

from mm_actions.testing import CertificateAuthority, FaultServer


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("expired", "certificate has expired"),
        ("not_yet_valid", "certificate is not yet valid"),
        ("wrong_host", "Hostname mismatch"),
        ("common_name_only", "Hostname mismatch"),
        ("self_signed", "self-signed certificate|self signed certificate"),
        ("sha1", "signature digest algorithm too weak"),
        ("rsa_1024", "key too weak"),
        ("incomplete_chain", "unable to get local issuer"),
    ],
)
def test_a_careful_client_refuses_it_for_the_right_reason(connect, ca, kind, reason):
    context = ca.context()
    context.hostname_checks_common_name = False
    context.set_ciphers("DEFAULT:@SECLEVEL=2")
    with FaultServer(ssl_context=getattr(ca, kind)().server_context()) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            connect(server, context)
        server.wait_until_deserted()
        assert len(server.tls_failures) == 1


@pytest.mark.parametrize("kind", ["server", "encrypted", "intermediate"])
def test_a_careful_client_accepts_it(connect, ca, kind):
    with FaultServer(ssl_context=getattr(ca, kind)().server_context()) as server:
        assert connect(server, ca.context()).post().answer()[0] == 200


def test_a_common_name_without_alternative_names_is_what_it_says(connect, ca):
    context = ca.context()
    context.hostname_checks_common_name = True
    with FaultServer(ssl_context=ca.common_name_only().server_context()) as server:
        assert connect(server, context).post().answer()[0] == 200


def test_a_certificate_of_another_ca_is_unknown(connect, ca, tmp_path):
    other = CertificateAuthority(tmp_path)
    with FaultServer(ssl_context=other.server().server_context()) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            connect(server, ca.context())
        assert connect(server, other.context()).post().answer()[0] == 200


def test_an_encrypted_key_needs_its_password(ca):
    files = ca.encrypted(password="right")
    assert files.password == "right"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(files.certificate, files.private_key, "wrong")
    context.load_cert_chain(files.certificate, files.private_key, files.password)


def test_a_mismatched_pair_does_not_load(ca):
    with pytest.raises(ssl.SSLError, match=r"(?i)mismatch"):
        ca.mismatched().server_context()


def test_a_revoked_certificate_is_refused_by_those_who_look(connect, ca):
    good, revoked = ca.server(), ca.server()
    context = ca.context()
    context.load_verify_locations(ca.revocation_list(revoked))
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    with FaultServer(ssl_context=revoked.server_context()) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
            connect(server, context)
        assert connect(server, ca.context()).post().answer()[0] == 200
    with FaultServer(ssl_context=good.server_context()) as server:
        assert connect(server, context).post().answer()[0] == 200


def test_names_can_be_given(connect, ca):
    with FaultServer(ssl_context=ca.server("localhost").server_context()) as server:
        assert connect(server, ca.context()).post().answer()[0] == 200


def test_files_are_private_and_never_overwritten(ca):
    first, second = ca.client(), ca.client()
    assert first.private_key != second.private_key
    assert stat.S_IMODE(first.private_key.stat().st_mode) == 0o600
    assert first.ca == ca.certificate


@pytest.mark.parametrize(("package", "use"), [("trustme", "pass"), ("cryptography", "ca.self_signed()")])
def test_a_missing_package_names_the_extra(tmp_path, package, use):
    code = f"""
import sys, pathlib
from mm_actions.testing import CertificateAuthority
from mm_actions.errors import ConfigurationError
if {package!r} == "cryptography":
    ca = CertificateAuthority(pathlib.Path({str(tmp_path)!r}))
    for name in [name for name in sys.modules if name.split(".")[0] == "cryptography"]:
        del sys.modules[name]
sys.modules[{package!r}] = None
try:
    ca = CertificateAuthority(pathlib.Path({str(tmp_path)!r})) if {package!r} == "trustme" else ca
    {use}
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True
    )
    assert package in done.stdout
    assert "mm_actions[testing]" in done.stdout
