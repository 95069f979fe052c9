"""`mm-actions` as a process: what only a process can show."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.example_server.running import run_server

from mm_actions.cli import main, program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome
    from tests.example_server.running import RunningServer

    from mm_actions.testing import CertificateAuthority

    Cli = Callable[..., Outcome]

COMMAND = (sys.executable, "-W", "error", "-m", "mm_actions.cli")


def environment(**variables: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MM_ACTIONS_", "FORCE_"))
    }
    return {**kept, "NO_COLOR": "", "TERM": "xterm-256color", **variables}


def run(*arguments: object, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=environment(**variables),
        timeout=30,
        check=False,
    )


def at_a_terminal(*arguments: object, **variables: str) -> bytes:
    """Run where stdout is a terminal; what it showed."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env=environment(**variables),
    )
    os.close(follower)
    shown = b""
    try:
        while select.select([leader], [], [], 30)[0]:
            try:
                part = os.read(leader, 65536)
            except OSError:  # Linux's way to say that nobody writes any more
                break
            if not part:
                break
            shown += part
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    return shown


def test_the_version_is_the_projects() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout.decode(), done.stderr) == (
        0,
        f"mm-actions {version('mm_actions')}\n",
        b"",
    )


def test_without_its_libraries_it_says_which_extra_to_install() -> None:
    program = "import sys; sys.modules['rich'] = None; from mm_actions.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 78
    assert done.stderr == 'mm-actions needs typer and rich: pip install "mm_actions[cli]"\n'


def test_the_sample_server_answers_over_mutual_tls(authority: CertificateAuthority) -> None:
    files, client = authority.server(), authority.client()
    tls = (
        "--tls-cert",
        str(files.certificate),
        "--tls-key",
        str(files.private_key),
        "--client-ca",
        str(files.ca),
    )
    with run_server(*tls, tls=client.client_context()) as server:
        pair = ("--cert", client.ca, "--public-key", client.certificate, "--private-key", client.private_key)
        done = run("call", "list_stores", "--url", f"{server.url}/action", *pair, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["answer"]["directives"]
        refused = run("call", "list_stores", "--url", f"{server.url}/action", "--cert", client.ca)
        assert refused.returncode == 77
        assert b"client-certificate-rejected" in refused.stderr


def test_the_sample_apps_conversation_is_shown(shop: RunningServer) -> None:
    app = Path(__file__).parents[2] / "examples" / "coffee_shop"
    url = f"{shop.url}/action"
    script = b"hello\nwhich stores do you have\n"
    done = run("chat", app, stdin=script, COFFEE_STORE_URL=url, COFFEE_PAYMENTS_URL=url, LC_ALL="C.UTF-8")
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode()
    assert "store_info.list_stores → " in shown
    assert "ok  list_stores on store, " in shown
    assert "\x1b" not in shown


def test_colours_are_for_terminals_without_no_color(shop: RunningServer) -> None:
    call = ("call", "list_stores", "--url", f"{shop.url}/action")
    assert b"\x1b[1;32mok" in at_a_terminal(*call)
    plain = at_a_terminal(*call, NO_COLOR="1")
    assert b"list_stores on default" in plain
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]", plain)
    table = at_a_terminal("check", "--no-connect", MM_ACTIONS_URL=f"{shop.url}/action", COLUMNS="60")
    assert b"reached" in table
    assert b"\x1b" in table


def test_an_output_of_few_characters_shows_the_others_escaped() -> None:
    done = run("call", "order", "--frame", '"ü"', PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 64
    done = run("call", "größe", "--url", "http://127.0.0.1:1/", "--retries", "0", PYTHONIOENCODING="ascii")
    assert done.returncode == 69
    assert b"gr\\xf6\\xdfe on default failed" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_leaves_early_is_no_error_of_ours(shop: RunningServer) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [*COMMAND, "call", "list_stores", "--url", f"{shop.url}/action", "--json"],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(),
        timeout=30,
        check=False,
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (1, b"")


def test_a_reader_that_left_before_the_end_is_no_error_either(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert program.run(["call", "order", "--url", "http://localhost/", "--curl"]) == 1


def test_the_commands_program_is_the_installed_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mm-actions", "--version"])
    assert main() == 0
    assert capsys.readouterr().out == f"mm-actions {version('mm_actions')}\n"


@pytest.mark.parametrize("name", ["typer", "msgspec"])
def test_only_a_missing_library_of_the_extra_is_explained(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "mm_actions.cli.program")
    monkeypatch.delitem(sys.modules, "mm_actions.cli.call")
    monkeypatch.setitem(sys.modules, name, None)
    if name == "typer":
        assert main() == 78
        assert "mm_actions[cli]" in capsys.readouterr().err
    else:
        with pytest.raises(ModuleNotFoundError, match="msgspec"):
            main()


def test_help_shows_examples_and_exit_codes(cli: Cli) -> None:
    top = cli("--help")
    assert top.code == 0
    assert "78" in top.out
    for command in ("call", "chat", "check"):
        assert command in top.out
        outcome = cli(command, "--help")
        assert outcome.code == 0
        assert f"mm-actions {command} " in outcome.out.partition("For example")[2]


def test_without_a_command_the_help_is_shown(cli: Cli) -> None:
    outcome = cli()
    assert outcome.code == 64
    assert "check" in outcome.out


def test_an_interrupt_ends_it_without_a_traceback(cli: Cli, home: Path) -> None:
    (home / "app.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    outcome = cli("chat", "app.py")
    assert outcome.code == 130
