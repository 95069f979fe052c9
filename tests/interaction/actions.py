"""The actions that are called over every transport: written once, as a user would."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

from mm_actions.server import ActionError, ActionServer

SECRET = "hunter2"
CARD = {"title": "Größe 12", "price": 9.5, "pieces": 3, "tags": ["a", None, {"deep": [1, [2]]}], "new": True}

server = ActionServer(timeout=20, threads=32)


def _file(name: str) -> Path:
    return Path(os.environ["INTERACTION_FOLDER"], name)


def _note(name: str) -> None:
    with _file(name).open("ab") as file:
        file.write(b"1")


@server.action("say")
def say(request: Any, responder: Any) -> None:
    responder.reply(f"You said {request.text}")


@server.action("say_async")
async def say_async(request: Any, responder: Any) -> None:
    await asyncio.sleep(0)
    responder.reply(f"You said {request.text}")


@server.action("say_much")
def say_much(request: Any, responder: Any) -> None:
    responder.reply("one")
    responder.suggest([{"text": "yes"}, {"text": "no"}])
    responder.reply("two")
    responder.listen()


@server.action("show_card")
def show_card(request: Any, responder: Any) -> None:
    responder.display("card", CARD)


@server.action("remember")
def remember(request: Any, responder: Any) -> None:
    responder.frame["order"] = {"size": "large", "pieces": 2, "tags": ["x", {"y": None}], "price": 1.5}
    responder.frame["times"] = request.frame.get("times", 0) + 1


@server.action("look")
def look(request: Any, responder: Any) -> None:
    responder.frame["seen"] = {
        "text": request.text,
        "intent": request.intent,
        "entities": [[entity["type"], entity.get("text"), entity.get("role")] for entity in request.entities],
        "size": request.frame.get("size"),
        "topping": responder.slots.get("topping", request.frame.get("topping")),
    }


@server.action("nothing")
def nothing(request: Any, responder: Any) -> None:
    pass


@server.action("explode")
def explode(request: Any, responder: Any) -> None:
    _note(request.text)
    responder.reply("half done")
    responder.frame["half"] = True
    raise RuntimeError(SECRET)


@server.action("refuse")
def refuse(request: Any, responder: Any) -> None:
    raise ActionError(422, "Too many", "Nobody eats that many.")


@server.action("garble")
def garble(request: Any, responder: Any) -> None:
    responder.frame["price"] = object()


@server.action("hang")
async def hang(request: Any, responder: Any) -> None:
    _note(request.text)
    await asyncio.Event().wait()


@server.action("hang_in_thread")
def hang_in_thread(request: Any, responder: Any) -> None:
    _note(request.text)
    threading.Event().wait(3)


@server.action("how_often")
def how_often(request: Any, responder: Any) -> None:
    responder.reply(str(len(_file(request.text).read_bytes())))


@server.action("pass_gate")
async def pass_gate(request: Any, responder: Any) -> None:
    responder.reply("before")
    await responder.flush()
    while not _file(request.text).exists():  # noqa: ASYNC110 - one action may run in another process than the other
        await asyncio.sleep(0.005)
    responder.reply("after")
    responder.frame["passed"] = True


@server.action("open_gate")
async def open_gate(request: Any, responder: Any) -> None:
    _note(request.text)


@server.action("break_off")
async def break_off(request: Any, responder: Any) -> None:
    responder.reply("before")
    responder.frame["half"] = True
    await responder.flush()
    raise RuntimeError(SECRET)
