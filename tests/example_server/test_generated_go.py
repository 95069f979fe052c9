"""The server in Go around generated stubs: generated, built and started as its page says."""

from __future__ import annotations

import shutil
import signal
import ssl
import sys
from typing import TYPE_CHECKING

import pytest
from tests.example_server.builds import ROOT, program, run
from tests.example_server.running import RunningServer
from tests.example_server.servers import start
from tests.stubs.conftest import installed

from mm_actions.testing import CertificateAuthority

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.generator, pytest.mark.go, pytest.mark.timeout(300)]

GENERATED = ROOT / "example_server" / "go-generated"
ACTIONS = ("list_stores", "find_nearest_store")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server, built in a copy: nothing generated comes into the source tree."""
    installed()
    go = program("go")
    folder = tmp_path_factory.mktemp("go") / "shop"
    shutil.copytree(GENERATED, folder, ignore=shutil.ignore_patterns("build"))
    run([go, "generate"], folder)
    assert run([program("gofmt"), "-l", *sorted(path.name for path in folder.glob("*.go"))], folder) == ""
    run([go, "vet", "./..."], folder)
    run([go, "build", "-buildvcs=false", "-o", "build/server", "."], folder)
    return folder / "build" / "server"


@pytest.mark.parametrize("action", ACTIONS)
def test_it_keeps_the_core_level(server: Path, action: str) -> None:
    with start([server, "--listen", "127.0.0.1:0"], server.parent) as running:
        conform = [sys.executable, "-m", "mm_actions.cli", "conform", running.url]
        said = run([*conform, "--level", "core", "--strict", "--action", action], ROOT)
    assert "The server conforms (level core)" in said
    assert running.errors == []


def test_an_answer_has_all_four_members_and_refusals_are_problems(server: Path) -> None:
    with start([server, "--listen", "127.0.0.1:0"], server.parent) as running:
        asked = RunningServer(running.process, running.url)
        answer = asked.post({"action": "list_stores", "responder": {"params": {"language": "en"}}}).json
        assert answer == {
            "directives": answer["directives"],
            "frame": {},
            "params": {"language": "en"},
            "slots": {},
        }
        assert [each["name"] for each in answer["directives"]] == ["reply", "list"]
        for body, status in (({"action": "fly"}, 404), ({"action": ""}, 400), ({}, 400), ([], 400)):
            refused = asked.post(body)
            assert (refused.status, refused.media_type) == (status, "application/problem+json")
        assert asked.post({"action": "list_stores"}, Content_Type="text/plain").status == 415


def test_it_serves_https_and_ends_on_a_signal(server: Path, tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    files = authority.server()
    context = ssl.create_default_context(cafile=authority.certificate)
    options = ["--listen", "127.0.0.1:0", "--tls-cert", files.certificate, "--tls-key", files.private_key]
    with start([server, *options], server.parent) as running:
        assert running.url.startswith("https://")
        asked = RunningServer(running.process, running.url, context)
        assert asked.post({"action": "find_nearest_store"}).status == 200
        assert running.stop(signal.SIGTERM) == 0
