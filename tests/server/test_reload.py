"""Edits of the code while it is served."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import PATIENCE, assert_problem
from tests.server.served_module import MODULE, Held, Load, ServedModule, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Serve = Callable[..., ServedModule]

SECOND = MODULE.replace("version 1", "version 2")
GOODBYE = '\n@server.action\ndef goodbye(request, responder):\n    responder.reply("Goodbye.")\n'


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    serve, end = serving(tmp_path)
    yield serve
    end()


def said(served: ServedModule) -> str:
    text: str = served.hello()["directives"][0]["payload"]["text"]
    return text


def until_all_say(served: ServedModule, text: str) -> None:
    """The version before may take a new connection until it has closed its port."""
    while said(served) != text:
        pass


@pytest.mark.parametrize("workers", [1, 2])
def test_an_edit_is_served_and_no_call_fails_meanwhile(serve: Serve, workers: int) -> None:
    served = serve("--reload", "--workers", workers, "--no-access-log")
    assert said(served) == "version 1"
    with Load(served) as load:
        served.write(SECOND)
        served.until_logged("actions.py changed: serving hello, hold")
        until_all_say(served, "version 2")
        served.write(MODULE.replace("version 1", "version 3"))
        served.until_logged("actions.py changed: serving hello, hold", times=2)
        until_all_say(served, "version 3")
    assert load.failures == []
    assert served.stop() == 0


def test_an_action_that_is_added_comes_and_one_that_is_removed_goes(serve: Serve) -> None:
    served = serve("--reload")
    assert_problem(served.post({"action": "goodbye"}), 404)
    served.write(MODULE + GOODBYE)
    served.until_logged("serving hello, hold, goodbye")
    while served.post({"action": "goodbye"}).status == 404:
        pass
    assert [action["name"] for action in served.get("/actions").json["actions"]] == [
        "hello",
        "hold",
        "goodbye",
    ]
    served.write(MODULE)
    served.until_logged("changed: serving hello, hold\n")
    while (answer := served.post({"action": "goodbye"})).status == 200:
        pass
    assert_problem(answer, 404)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("def hello(:\n", "actions cannot be imported: SyntaxError"),
        (f"{MODULE}\n1 / 0\n", "actions cannot be imported: ZeroDivisionError: division by zero"),
        ("", "actions has no 'server'"),
        (
            "from mm_actions.server import ActionServer\nserver = ActionServer()\n",
            "actions:server has no actions",
        ),
        (f"{MODULE}\nimport os; os._exit(7)\n", "the process ended with exit code 7 before it served"),
    ],
)
def test_a_broken_edit_leaves_the_version_before_in_service_and_says_why(
    serve: Serve, broken: str, why: str
) -> None:
    served = serve("--reload", "--no-access-log")
    with Load(served) as load:
        served.write(broken)
        served.until_logged(f"actions.py changed, but the version before goes on: {why}")
        assert said(served) == "version 1"
        served.write(SECOND)
        served.until_logged("changed: serving")
        until_all_say(served, "version 2")
    assert load.failures == []
    assert ("Traceback" in served.log) == ("ZeroDivision" in why)
    assert served.process.poll() is None


def test_a_call_in_progress_ends_on_the_version_that_it_began_on(serve: Serve) -> None:
    served = serve("--reload")
    held = Held(served)
    served.write(SECOND)
    served.until_logged("changed: serving")
    until_all_say(served, "version 2")
    assert held.answers == []
    assert held.let_go().json["directives"][0]["payload"]["text"] == "version 1"


def test_a_stop_does_not_wait_for_a_version_that_is_being_imported(serve: Serve) -> None:
    served = serve("--reload")
    served.write('open("started", "w").close(); open("gate").read()\n')
    (served.folder / "started").read_text(encoding="utf-8")
    assert served.stop() == 0


def test_without_watchfiles_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "actions.py").write_text(MODULE, encoding="utf-8")
    program = (
        "import sys; sys.modules['watchfiles'] = None; from mm_actions.cli import main\n"
        "sys.argv[1:] = ['serve', 'actions', '--reload', '--port', '0']; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout) == (78, b"")
    assert b"mm_actions[reload]" in done.stderr
