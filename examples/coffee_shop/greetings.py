"""Hello, help and goodbye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .root import app

if TYPE_CHECKING:
    from mm_actions import Request, Responder

# merge=False: what the action answers takes the place of what was there, instead of being added to it.
# A greeting begins a new visit, so the frame that `open_session` answers shall be all there is: an order
# that somebody left half done at this counter is forgotten.
app.custom_action(domain="greetings", intent="greet", action="open_session", merge=False)


# Not every turn needs a server. `{guest}` is the slot that the middleware filled.
@app.handle(domain="greetings", intent="help")
async def offer_help(request: Request, responder: Responder) -> None:
    """Say what the app can do."""
    responder.reply("I know our stores and drinks, {guest}, and I take orders.")
    responder.suggest([{"text": "what do you recommend"}, {"text": "I'd like to order"}])


@app.handle(domain="greetings", intent="thank")
async def welcome(request: Request, responder: Responder) -> None:
    """Answer thanks."""
    responder.reply("You are welcome, {guest}.")


@app.handle(domain="greetings", intent="exit")
async def say_goodbye(request: Request, responder: Responder) -> None:
    """Part."""
    responder.reply("Goodbye, {guest}. See you soon!")
    responder.reset()
