"""``pytest --mm-url URL``, in a run of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.conformance.breakers import BREAKERS
from tests.conformance.reference import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conformance.conftest import Deployments
    from tests.conformance.reference import Breaker, Running

_PLUGIN = ("-p", "no:mm_actions", "-p", "mm_actions.testing.pytest_plugin", "-p", "no:cacheprovider")


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """A run of pytest within this one."""

    def run(*arguments: str) -> Done:
        monkeypatch.chdir(tmp_path)
        options = ["-W", "error", "-c", "/dev/null", "--rootdir", ".", *_PLUGIN]
        code = pytest.main([*options, *arguments])
        return Done(int(code), *capsys.readouterr())

    return run


def test_each_check_is_a_test(run: Callable[..., Done], reference: Running) -> None:
    done = run("--mm-url", reference.url, "-v", "-rs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search("59 passed, 4 skipped", done.stdout)
    assert "conform::C23 PASSED" in done.stdout
    assert "no bearer token is given" in done.stdout


def test_a_failed_must_shows_its_exchange_and_no_traceback(
    run: Callable[..., Done], broken: Callable[[Breaker], Running]
) -> None:
    done = run("--mm-url", broken(BREAKERS["C23"].make()).url, "-k", "C23 or C24")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert "< HTTP/1.1 500" in done.stdout
    assert "curl -sS -i" in done.stdout
    assert "examination.py" not in done.stdout


def test_a_should_fails_the_run_only_if_it_is_asked_to(
    run: Callable[..., Done], broken: Callable[[Breaker], Running]
) -> None:
    url = broken(BREAKERS["C29"].make()).url
    lenient = run("--mm-url", url, "-k", "C29", "-rx")
    assert lenient.returncode == 0
    assert "1 xfailed" in lenient.stdout
    assert "SHOULD not kept: answered 500" in lenient.stdout
    assert run("--mm-url", url, "-k", "C29", "--mm-strict").returncode == 1


def test_level_action_and_credentials_can_be_said(
    run: Callable[..., Done], deployments: Deployments, tmp_path: Path
) -> None:
    settings = tmp_path / "actions.yaml"
    settings.write_text(f"url: http://localhost/action\nauth: {{bearer: {TOKEN}}}\n")
    with deployments.run("bearer") as (server, _):
        said = ("--mm-level", "core", "--mm-action", "look", "--mm-config", str(settings))
        done = run("--mm-url", server.url, *said)
    assert "28 passed" in done.stdout, done.stdout + done.stderr


def test_the_time_of_other_tests_is_not_that_of_the_checks(
    run: Callable[..., Done], reference: Running, tmp_path: Path
) -> None:
    (tmp_path / "test_long.py").write_text(
        "from mm_actions.resilience import Deadline\n"
        "def test_that_takes_long(request):\n"
        "    request.session.items[-1].examination.deadline = Deadline.after(0)\n"
    )
    done = run("--mm-url", reference.url, "-k", "takes_long or C01")
    assert "2 passed" in done.stdout, done.stdout


def test_a_server_that_is_not_there_is_an_error_of_usage(run: Callable[..., Done], free_port: int) -> None:
    done = run("--mm-url", f"http://127.0.0.1:{free_port}")
    assert done.returncode == 4
    assert "connect-failed" in done.stderr


def test_the_kit_is_not_loaded_for_those_who_do_not_ask_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    assert not [name for name in sys.modules if name.startswith('mm_actions.conformance')]\n"
    )
    command = [sys.executable, "-m", "pytest", "-W", "error", "-c", "/dev/null", "--rootdir", ".", *_PLUGIN]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert "1 passed" in done.stdout, done.stdout
