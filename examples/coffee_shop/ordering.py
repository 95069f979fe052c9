"""Ordering takes several turns. A dialogue flow keeps them together.

Inside the flow only its own rules count, so "yes" confirms an order here and nothing anywhere else. The
order itself lives in the frame, which travels with every turn: the servers keep nothing between calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions import CustomAction, CustomActionSequence

from .root import app, servers

if TYPE_CHECKING:
    from mm_actions import Request, Responder

TROUBLE = "Sorry, {guest}, the kitchen does not answer. Please say that again in a moment."

start = CustomAction("start_order", servers)
# In a sequence each action sees what those before it merged: the price is that of the order with the new
# drink in it.
add = CustomActionSequence(["add_to_order", "price_order"], servers)
price = CustomAction("price_order", servers)
confirm = CustomAction("confirm_order", servers)


@app.dialogue_flow(domain="ordering", intent="start_order")
async def order(request: Request, responder: Responder) -> None:
    """Open the flow."""
    if not await start.invoke_async(request, responder):
        responder.reply(TROUBLE)
        responder.exit_flow()  # without an order there is nothing to talk about in the flow


@order.handle(intent="add_to_order")
async def add_drink(request: Request, responder: Responder) -> None:
    """Put a drink on the order, and say what it costs by now."""
    if await add.invoke_async(request, responder):
        responder.suggest([{"text": "yes, that's right"}, {"text": "cancel my order"}])
    else:
        responder.reply(TROUBLE)


@order.handle(intent="price_order")
async def tell_price(request: Request, responder: Responder) -> None:
    """Say what the order costs."""
    if not await price.invoke_async(request, responder):
        responder.reply(TROUBLE)


# exit_flow=True: the turn after this one is matched against the app's rules again.
@order.handle(intent="confirm_order", exit_flow=True)
async def send_order(request: Request, responder: Responder) -> None:
    """Have the order made."""
    if not await confirm.invoke_async(request, responder):
        responder.reply(TROUBLE)
        responder.params.target_dialogue_state = order.flow_state  # not yet: the guest may say "yes" again


@order.handle(intent="exit", exit_flow=True)
@order.handle(intent="cancel_order", exit_flow=True)
async def drop_order(request: Request, responder: Responder) -> None:
    """Forget the order."""
    responder.frame.pop("order", None)
    responder.reply("I dropped your order, {guest}.")


@order.handle(default=True)
async def stay_with_the_order(request: Request, responder: Responder) -> None:
    """Bring the guest back to the order."""
    responder.reply("Let us finish your order first. Name a drink, or say yes or cancel.")


# Outside the flow, from here on.


@app.handle(domain="ordering", intent="add_to_order")
async def order_straight_away(request: Request, responder: Responder) -> None:
    """Take the order of a guest who begins with the drink: the flow is entered by its state's name."""
    responder.params.target_dialogue_state = order.flow_state
    await add_drink(request, responder)


# A sequence may cross servers: the price is the store's to know, the points are kept by the payments'.
app.custom_action(domain="ordering", intent="price_order", actions=["price_order", "loyalty_points"])


@app.handle(domain="ordering")
async def nothing_open(request: Request, responder: Responder) -> None:
    """Answer "yes", "cancel" and the like when there is nothing to confirm or to cancel."""
    responder.reply("There is no order open, {guest}.")
    responder.suggest([{"text": "I'd like to order"}])
