"""Where the stores are, and when they open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .root import app

if TYPE_CHECKING:
    from mm_actions import Request, Responder

# The simplest use: this intent is answered by that action. The server gets the whole turn, and its
# directives, frame, slots and params are merged into the responder. No Python runs here.
app.custom_action(domain="store_info", intent="list_stores", action="list_stores")

# On a failure the user hears another action instead: who cannot be told the nearest store is shown all.
app.custom_action(
    domain="store_info", intent="find_nearest_store", action="find_nearest_store", on_failure="list_stores"
)

# The rule with more conditions wins: this one takes the turns that name a store, the next one the others.
# It has a name because `find_store` sends the turn after its question to the state `get_store_hours`.
app.custom_action(
    domain="store_info",
    intent="get_store_hours",
    has_entity="store_name",
    action="get_store_hours",
    name="get_store_hours",
)


# A decorated handler runs after the action, with the merged responder, to refine what it answered.
# `find_store` asks which store, and sets the params of the next turn: its dialogue state and the intents
# it may have, so that a bare name is an answer and not a puzzle.
@app.custom_action(domain="store_info", intent="get_store_hours", action="find_store", name="ask_which_store")
async def learn_the_names(request: Request, responder: Responder) -> None:
    """Have the NLP recognise the stores that were offered, even one that opened after its training."""
    offered = [
        suggestion["text"]
        for directive in responder.directives
        if directive["name"] == "suggestions"
        for suggestion in directive["payload"]
    ]
    responder.params.dynamic_resource = {"gazetteers": {"store_name": dict.fromkeys(offered, 1.0)}}
