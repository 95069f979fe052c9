"""Certificates and keys on disk: what is refused before the first call, and how they are followed."""

import datetime as dt
import logging
import ssl

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from mm_actions.errors import ConfigurationError
from mm_actions.transports.http.tls import TlsMaterial, TlsSource

NOW = dt.datetime.now(dt.UTC)
SECRET = "correct horse"


@pytest.fixture
def files(tmp_path, ca):
    """Write a CA, a client certificate, its key and its encrypted key."""
    leaf = ca.issue_cert("me@example.org")
    key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(SECRET.encode()),
    )
    contents = {
        "ca.pem": ca.cert_pem.bytes(),
        "client.pem": b"".join(blob.bytes() for blob in leaf.cert_chain_pems),
        "client.key": leaf.private_key_pem.bytes(),
        "locked.key": locked,
        "both.pem": leaf.private_key_and_cert_chain_pem.bytes(),
        "other.key": ca.issue_cert("you@example.org").private_key_pem.bytes(),
        "no.pem": b"these are not the bytes\n",
        "damaged.pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "damaged.key": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_whole_files_become_material_that_says_what_it_holds(files):
    material = TlsMaterial.load(
        ca=files / "ca.pem", certificate=files / "client.pem", private_key=files / "client.key"
    )
    assert material.client_facts is not None
    assert material.client_facts.file == str(files / "client.pem")
    assert material.client_facts.not_before < NOW < material.client_facts.not_after
    assert "trustme" in material.ca_facts[0].subject
    assert material.warnings(NOW) == ()
    assert isinstance(material.ssl_context(), ssl.SSLContext)


def test_one_file_may_hold_certificate_and_key(files):
    material = TlsMaterial.load(certificate=files / "both.pem")
    assert material.private_key is not None
    assert b"PRIVATE" not in (material.certificate or b"")
    assert material.ssl_context()


def test_an_encrypted_key_is_opened_with_its_password_which_nothing_shows(files):
    options = {"certificate": files / "client.pem", "private_key": files / "locked.key", "password": SECRET}
    material = TlsMaterial.load(**options)
    assert material.ssl_context()
    for shown in (repr(material), repr(TlsSource(**options))):
        assert SECRET not in shown
        assert "PRIVATE" not in shown


def test_a_password_for_a_key_that_needs_none_is_no_mistake(files):
    assert TlsMaterial.load(
        certificate=files / "client.pem", private_key=files / "client.key", password=SECRET
    ).ssl_context()


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({"ca": "gone.pem"}, r"gone\.pem does not exist; correct the setting cert"),
        ({"ca": "."}, r"cannot be read"),
        ({"ca": "no.pem"}, r"no\.pem holds no PEM certificate"),
        ({"ca": "damaged.pem"}, r"damaged certificate"),
        ({"ca": "client.key"}, r"holds no PEM certificate"),
        ({"private_key": "client.key"}, r"no certificate; set public_key"),
        ({"certificate": "gone.pem"}, r"correct the setting public_key"),
        ({"certificate": "client.pem"}, r"client\.pem holds no PEM private key; set private_key"),
        ({"certificate": "client.pem", "private_key": "gone.key"}, r"correct the setting private_key"),
        ({"certificate": "client.pem", "private_key": "ca.pem"}, r"ca\.pem holds no PEM private key"),
        ({"certificate": "client.pem", "private_key": "damaged.key"}, r"damaged or of an unknown kind"),
        ({"certificate": "client.pem", "private_key": "other.key"}, r"other\.key does not belong to"),
        ({"certificate": "client.pem", "private_key": "locked.key"}, r"encrypted; set private_key_password"),
    ],
)
def test_files_that_cannot_work_are_refused_with_what_to_do(files, names, says):
    with pytest.raises(ConfigurationError, match=says):
        TlsMaterial.load(**{key: files / name for key, name in names.items()})


def test_a_wrong_password_is_refused_and_not_shown(files):
    with pytest.raises(ConfigurationError, match="correct private_key_password") as caught:
        TlsMaterial.load(
            certificate=files / "client.pem", private_key=files / "locked.key", password="hunter2"
        )
    assert "hunter2" not in str(caught.value)


def test_an_unreadable_file_is_refused(files):
    with pytest.raises(ConfigurationError, match="permissions"):
        TlsMaterial.load(ca=files)  # a folder: what nobody can read as a file, not even root


def test_dates_are_facts_and_no_errors(tmp_path, ca):
    day = dt.timedelta(days=1)
    ca.issue_cert(
        "a@b.org", not_before=NOW - 3 * day, not_after=NOW - day
    ).private_key_and_cert_chain_pem.write_to_path(tmp_path / "late.pem")
    material = TlsMaterial.load(certificate=tmp_path / "late.pem")
    assert "late.pem" in material.warnings(NOW)[0]
    assert "has expired" in material.warnings(NOW)[0]
    assert "not valid yet" in material.warnings(NOW - 30 * day)[0]


def test_material_stands_where_a_source_may_stand():
    material = TlsMaterial()
    assert material.current() is material
    assert TlsSource().current().ca is None


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def source(files):
    clock = Clock()
    source = TlsSource(
        ca=files / "ca.pem", certificate=files / "client.pem", private_key=files / "client.key", clock=clock
    )
    return source, clock


def replace(path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def test_files_are_looked_at_only_now_and_then(files, source):
    source, clock = source
    first = source.current()
    (files / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    clock.now += 1.9
    assert source.current() is first
    clock.now += 0.2
    assert source.current() is not first
    assert source.current().ca != first.ca


def test_a_half_written_pair_is_ignored_and_logged_once(files, source, ca, caplog):
    source, clock = source
    first = source.current()
    caplog.set_level(logging.INFO, "mm_actions.tls")
    leaf = ca.issue_cert("new@example.org")
    replace(files / "client.pem", leaf.cert_chain_pems[0].bytes())
    for _ in range(3):
        clock.now += 3
        assert source.current() is first
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    replace(files / "client.key", leaf.private_key_pem.bytes())
    clock.now += 3
    assert source.current().certificate == leaf.cert_chain_pems[0].bytes()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_file_that_vanishes_leaves_the_old_material_in_use(files, source, caplog):
    source, clock = source
    first = source.current()
    (files / "ca.pem").unlink()
    clock.now += 3
    assert source.current() is first
    assert "does not exist" in caplog.text


def test_a_file_that_was_put_back_is_no_change(files, source):
    source, clock = source
    first = source.current()
    for _ in range(3):
        clock.now += 3
        assert source.current() is first
