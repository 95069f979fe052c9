"""The app itself, and what holds for all domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_actions import Application

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions import Request, Responder

# The folder of this file is the app's: `actions.yaml`, `domains/` and `entities/` are found there.
app = Application(__name__)

# `app.custom_action` knows by itself where actions live. Handlers that call one by hand are told here: what
# `actions.yaml` says, with the `MM_ACTIONS_*` variables before it.
servers = app.action_config


# Middleware runs around every handler and every action, so this slot is there in all replies and in all
# that the servers are sent. Write it `async`, like the handlers: the same code then serves `process` and
# `process_async`.
@app.middleware
async def know_the_guest(request: Request, responder: Responder, handler: Callable[..., Any]) -> Any:
    """Fill the slot `guest` with the name that the front end knows."""
    responder.slots["guest"] = request.context.get("user", {}).get("name", "friend")
    return await handler(request, responder)


# `default=True` takes the turns that no other rule takes, also those that the NLP did not understand.
@app.handle(default=True)
async def did_not_understand(request: Request, responder: Responder) -> None:
    """Say what can be asked."""
    responder.reply("Sorry, I did not get that.")
    responder.suggest([{"text": "when do you open"}, {"text": "I'd like to order"}])
