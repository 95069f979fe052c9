"""What the shop knows about its guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions import CustomAction

from .root import app, servers

if TYPE_CHECKING:
    from mm_actions import Request, Responder

FREE_DRINK = 100

# Two questions that do not need each other's answers go to two servers at once, so the turn takes as long
# as the slower one. The answers are merged in the order written here, whichever comes first.
app.custom_action(
    domain="account",
    intent="recommend_drink",
    actions=["recommend_drink", "loyalty_points"],
    parallel=True,
)

# An action can also be called by hand, wherever a handler needs it.
loyalty_points = CustomAction("loyalty_points", servers)


@app.handle(domain="account", intent="loyalty_points")
async def tell_points(request: Request, responder: Responder) -> None:
    """Say how many points there are, and what they are good for."""
    responder.reply("One moment, {guest}.")
    # The result is true on success. On a failure nothing was merged, and `result.error` says why.
    result = await loyalty_points.invoke_async(request, responder)
    if not result:
        responder.reply("I can't see your points right now.")
    elif responder.slots["points"] >= FREE_DRINK:  # a slot that the action's answer brought
        responder.reply("Your next drink can be free: {points} points are enough.")
