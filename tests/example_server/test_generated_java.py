"""The Spring server around generated stubs: generated, built and started as its page says."""

from __future__ import annotations

import shutil
import ssl
import sys
from pathlib import Path

import pytest
from tests.example_server.builds import ROOT, SHORT_LIVED_JAVA, maven, program, run
from tests.example_server.running import RunningServer
from tests.example_server.servers import start
from tests.stubs.conftest import installed

from mm_actions.testing import CertificateAuthority

pytestmark = [pytest.mark.generator, pytest.mark.java, pytest.mark.timeout(600)]

GENERATED = ROOT / "example_server" / "java-spring"
ACTIONS = ("list_stores", "find_nearest_store")


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    """The server, built in a copy: nothing generated comes into the source tree."""
    installed()
    folder = tmp_path_factory.mktemp("spring") / "shop"
    shutil.copytree(GENERATED, folder, ignore=shutil.ignore_patterns("target"))
    with maven() as mvn:
        run(
            [*mvn, "package", f"-Dmm-actions={Path(sys.executable).parent / 'mm-actions'}"],
            folder,
            within=500,
        )
    return [program("java"), *SHORT_LIVED_JAVA, "-jar", folder / "target" / "shop.jar"]


def test_it_keeps_the_core_level_and_ends_on_a_signal(command: list[str | Path]) -> None:
    with start([*command, "--server.port=0"], GENERATED, within=120) as running:
        for action in ACTIONS:
            conform = [sys.executable, "-m", "mm_actions.cli", "conform", running.url]
            said = run([*conform, "--level", "core", "--strict", "--action", action], ROOT)
            assert "The server conforms (level core)" in said

        asked = RunningServer(running.process, running.url)
        answer = asked.post({"action": "list_stores", "responder": {"params": {"language": "en"}}}).json
        assert [each["name"] for each in answer["directives"]] == ["reply", "list"]
        assert (answer["frame"], answer["slots"]) == ({}, {})
        assert answer["params"]["language"] == "en"
        assert None not in answer["params"].values()
        for body, status in (
            ({"action": "fly"}, 404),
            ({"action": ""}, 400),
            ({}, 400),
            ([], 400),
            ("x", 400),
        ):
            refused = asked.post(body)
            assert (refused.status, refused.media_type) == (status, "application/problem+json")
        assert asked.post({"action": "list_stores"}, Content_Type="text/plain").status == 415
        assert running.stop() == 143  # as Java ends on SIGTERM, having stopped cleanly
    assert running.errors == []


def test_it_serves_https_to_those_with_a_certificate(command: list[str | Path], tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    files, client = authority.server(), authority.client()
    ours = {
        "server.port": 0,
        "server.ssl.certificate": files.certificate,
        "server.ssl.certificate-private-key": files.private_key,
        "server.ssl.client-auth": "need",
        "server.ssl.trust-certificate": authority.certificate,
    }
    context = ssl.create_default_context(cafile=authority.certificate)
    options = [f"--{key}={value}" for key, value in ours.items()]
    with start([*command, *options], GENERATED, within=120) as running:
        assert running.url.startswith("https://")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            RunningServer(running.process, running.url, context).post({"action": "list_stores"})
        context.load_cert_chain(client.certificate, client.private_key)
        assert (
            RunningServer(running.process, running.url, context).post({"action": "list_stores"}).status == 200
        )
