"""`mm-actions chat`: conversations from a script and at a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mm_actions.testing import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    from mm_actions.testing import FaultServer

    Cli = Callable[..., Outcome]

APP = """
import os
from mm_actions import Application

class Nlp:
    def process(self, text):
        domain, _, intent = text.partition(".")
        return {"text": text, "domain": domain, "intent": intent or None, "entities": []}

app = Application(__name__, nlp=Nlp())
app.custom_action_config = {"url": os.environ["SHOP_URL"], "retries": 0}
app.custom_action(intent="order", action="order")
app.custom_action(intent="pair", actions=["left", "right"], parallel=True)

@app.handle(intent="greet")
def greet(request, responder):
    print("noise of the app")
    responder.frame["greeted"] = responder.frame.get("greeted", 0) + 1
    responder.params.language = "en"
    responder.reply(f"hello {request.context.get('name')}")

@app.handle(intent="bug")
def bug(request, responder):
    return broken(request)

def broken(request):
    raise LookupError("no such cup")

@app.handle(intent="loop")
def loop(request, responder):
    app.reprocess("loop")
"""
ASYNC_APP = """
from mm_actions import Application, CustomAction
from app import Nlp, app as plain

app = Application(__name__, async_mode=True, nlp=Nlp())
app.custom_action(intent="pair", actions=["left", "right"], parallel=True, config=plain.custom_action_config)

@app.handle(intent="own")
async def own(request, responder):
    await CustomAction("mine", plain.custom_action_config).invoke_async(request, responder)
"""


@pytest.fixture
def shop_app(home: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOP_URL", url)
    (home / "shop").mkdir()
    (home / "shop" / "app.py").write_text(APP, encoding="utf-8")
    return home / "shop"


def shown(outcome: Outcome) -> list[str]:
    return [line.strip() for line in outcome.out.splitlines()]


def test_a_script_is_a_conversation_that_ends_with_the_input(
    cli: Cli, server: FaultServer, shop_app: Path
) -> None:
    reply = {"name": "reply", "type": "view", "payload": {"text": "One latte."}}
    server.play(Answer(json={"directives": [reply], "frame": {"cups": 1}}))
    outcome = cli("chat", shop_app, stdin="shop.order\n\n  \nshop.nothing")
    lines = shown(outcome)
    assert outcome.code == 0, outcome.err
    assert lines[0] == "you> shop.order"
    assert lines[1].startswith("shop.order → custom_actions_['order'], ")
    assert lines[2].startswith("ok  order on default, ")
    assert lines[3:6] == ["reply       One latte.", "frame", "+ cups: 1"]
    assert lines[6] == "you> shop.nothing"
    assert lines[7].startswith("shop.nothing → (no dialogue state), ")
    assert len(lines) == 8


def test_the_frame_is_carried_until_it_is_reset(cli: Cli, shop_app: Path) -> None:
    script = "a.greet\na.greet\n/frame\n/params\n/reset\n/frame\na.greet\n"
    outcome = cli("chat", shop_app, "--context", '{"name": "Ada"}', stdin=script)
    lines = shown(outcome)
    assert "reply       hello Ada" in lines
    assert "~ greeted: 1 → 2" in lines
    assert '{"greeted": 2}' in lines
    assert '{"language": "en"}' in lines
    assert lines[lines.index("(reset)") + 2] == "{}"
    assert lines[-1] == "+ greeted: 1"


def test_a_failed_action_is_shown_and_the_conversation_goes_on(
    cli: Cli, server: FaultServer, shop_app: Path
) -> None:
    problem = Answer(
        status=500,
        body=json.dumps({"detail": "no\x1b[2Jmilk"}).encode(),
        headers={"Content-Type": "application/problem+json"},
    )
    server.play(problem)
    outcome = cli("chat", shop_app, stdin="a.order\na.greet\n")
    lines = shown(outcome)
    assert outcome.code == 0
    assert lines[2].startswith("server-failed  order on default, ")
    assert lines[3:5] == ["the server answered 500", "the server says: nomilk"]
    assert lines[5].startswith("reply       Sorry")
    assert "reply       hello None" in lines


@pytest.mark.parametrize("app", ["plain", "async"])
def test_json_gives_a_document_for_each_turn_in_either_colour(
    cli: Cli, shop_app: Path, monkeypatch: pytest.MonkeyPatch, app: str
) -> None:
    place = shop_app
    if app == "async":
        monkeypatch.syspath_prepend(str(shop_app))
        place = shop_app / "later.py"
        place.write_text(ASYNC_APP, encoding="utf-8")
    outcome = cli("chat", place, "--json", stdin="a.pair\na.pair\n/frame\n")
    assert outcome.code == 0, outcome.err
    first, second, command = outcome.documents
    for turn in (first, second):
        assert (turn["text"], turn["domain"], turn["intent"]) == ("a.pair", "a", "pair")
        assert turn["dialogue_state"] == "custom_actions_['left', 'right']"
        assert sorted(call["action"] for call in turn["actions"]) == ["left", "right"]
        for call in turn["actions"]:
            assert (call["error"], call["result"], call["server"]) == (None, "ok", "default")
            assert call["attempts"] == 1
            assert len(call["trace_id"]) == 32
            assert 0 < call["elapsed"] <= turn["elapsed"]
    assert command == {"command": "/frame", "shown": {}}


def test_an_action_that_a_handler_calls_by_itself_is_shown(
    cli: Cli, shop_app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(shop_app))
    (shop_app / "later.py").write_text(ASYNC_APP, encoding="utf-8")
    (turn,) = cli("chat", shop_app / "later.py", "--json", stdin="a.own").documents
    assert [call["action"] for call in turn["actions"]] == ["mine"]


def test_json_stays_json_though_the_app_prints(cli: Cli, shop_app: Path) -> None:
    outcome = cli("chat", shop_app, "--json", stdin="a.greet\n/reset\n/help\n")
    greeting, reset, commands = outcome.documents
    assert greeting["params"]["language"] == "en"
    assert "noise of the app" in outcome.err
    assert reset == {"command": "/reset", "shown": None}
    assert "/quit" in commands["shown"]


def test_a_bug_in_the_app_ends_a_script_with_its_own_traceback(cli: Cli, shop_app: Path) -> None:
    outcome = cli("chat", shop_app, stdin="a.bug\na.greet\n")
    assert outcome.code == 70
    assert "hello" not in outcome.out
    assert outcome.err.count('File "') == 2
    assert "in bug" in outcome.err
    assert "in broken" in outcome.err
    assert outcome.err.splitlines()[-1] == ("mm-actions: the app failed on 'a.bug': LookupError: no such cup")


def test_a_bug_in_the_app_does_not_end_a_conversation_at_a_terminal(cli: Cli, shop_app: Path) -> None:
    outcome = cli("chat", shop_app, stdin="a.bug\na.loop\na.greet\n", terminal=True)
    assert outcome.code == 0
    assert "no such cup" in outcome.err
    assert "mm-actions: 'loop' was reached after" in outcome.err
    assert "hello None" in outcome.out
    assert "/help lists the commands" in outcome.out
    assert outcome.out.count("you> ") == 4


def test_what_the_library_refuses_ends_a_script_in_one_line(cli: Cli, shop_app: Path) -> None:
    outcome = cli("chat", shop_app, stdin="a.loop\n")
    assert outcome.code == 70
    assert len(outcome.err.splitlines()) == 1


def test_quit_leaves_and_an_unknown_command_is_named(cli: Cli, shop_app: Path) -> None:
    outcome = cli("chat", shop_app, stdin="/quti\n/help\n/quit\na.bug\n")
    assert outcome.code == 0
    assert outcome.err.startswith("mm-actions: there is no command '/quti': /reset, ")
    assert "/frame   show what the app keeps" in shown(outcome)


@pytest.mark.parametrize("place", ["shop", "shop/app.py", "shop.app"])
def test_an_app_is_a_folder_a_file_or_a_module(cli: Cli, shop_app: Path, place: str) -> None:
    assert cli("chat", place, stdin="a.greet\n").code == 0


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("absent_app", "there is no file, folder or module 'absent_app'"),
        ("empty", "has neither __init__.py nor app.py"),
        ("other.py", "has no Application called `app`"),
    ],
)
def test_an_app_that_is_not_there_is_one_line_and_78(cli: Cli, home: Path, place: str, said: str) -> None:
    (home / "empty").mkdir()
    (home / "other.py").write_text("app = 3\n", encoding="utf-8")
    outcome = cli("chat", place)
    assert (outcome.code, len(outcome.err.splitlines())) == (78, 1)
    assert said in outcome.err


@pytest.mark.parametrize(
    ("code", "last", "frames"),
    [
        ("import absent_library\n", "ModuleNotFoundError: No module named 'absent_library'", 1),
        ("def\n", "SyntaxError", 1),
    ],
)
def test_an_app_that_cannot_be_loaded_shows_its_own_traceback(
    cli: Cli, home: Path, code: str, last: str, frames: int
) -> None:
    (home / "broken.py").write_text(code, encoding="utf-8")
    outcome = cli("chat", "broken.py")
    assert outcome.code == 70
    assert outcome.err.count('File "') == frames
    assert outcome.err.splitlines()[-1].startswith(f"mm-actions: broken.py cannot be loaded: {last}")


def test_a_frame_of_anything_can_be_shown(cli: Cli, home: Path) -> None:
    (home / "odd.py").write_text(
        "import datetime\n"
        "from mm_actions import Application\n"
        "class Nlp:\n"
        "    def process(self, text): return {'text': text, 'domain': 'a', 'intent': 'b'}\n"
        "app = Application(__name__, nlp=Nlp())\n"
        "@app.handle(default=True)\n"
        "def any_turn(request, responder):\n"
        "    deep = []\n"
        "    deep.append(deep)\n"
        "    responder.frame |= {'when': datetime.date(2020, 1, 2), 'set': {1}, 'bytes': b'x', 3: object(),\n"
        "                        'nan': float('nan'), 'deep': deep}\n",
        encoding="utf-8",
    )
    (turn,) = cli("chat", "odd.py", "--json", stdin="x").documents
    assert turn["frame"]["when"] == "2020-01-02"
    assert turn["frame"]["set"] == [1]
    assert turn["frame"]["bytes"] == "<bytes>"
    assert turn["frame"]["3"] == "<object>"
    assert turn["frame"]["nan"] is None
    assert "+ when" in cli("chat", "odd.py", stdin="x").out
