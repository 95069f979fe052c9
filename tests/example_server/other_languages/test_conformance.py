"""The conformance kit finds nothing to say against the servers, at any level and with any credentials."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.example_server.other_languages.hosting import Built

    from mm_actions.testing import CertificateAuthority

pytestmark = pytest.mark.timeout(150)


def _conform(url: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "mm_actions.cli", "conform", url, "--strict", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


def test_it_keeps_every_must_and_should_of_the_full_level(built: Built) -> None:
    with built.start("--known-only") as running:
        _conform(running.url, "--level", "full")


def test_it_keeps_them_behind_client_certificates_and_a_token(
    built: Built, authority: CertificateAuthority
) -> None:
    own, client = authority.server(), authority.client()
    options = [
        *("--tls-cert", str(own.certificate)),
        *("--tls-key", str(own.private_key)),
        *("--client-ca", str(authority.certificate)),
        "--known-only",
    ]
    with built.start(*options, env={"ACTION_SERVER_TOKEN": "s3cret"}) as running:
        _conform(
            running.url,
            *("--level", "full", "--bearer", "s3cret"),
            *("--cert", str(authority.certificate)),
            *("--public-key", str(client.certificate)),
            *("--private-key", str(client.private_key)),
        )
