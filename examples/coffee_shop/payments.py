"""Paying. Here things fail, as they do with services of third parties; the user gets an answer all the same.

A failed action changes nothing in the responder. What answers instead is `on_failure`: a text, an action
or a handler. Without it, a short apology is replied, unless the responder holds an answer already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .root import app

if TYPE_CHECKING:
    from mm_actions import ActionResult, Request, Responder

NOTHING_TO_PAY = 422


# A handler, because it depends on what went wrong. `result.error` has the HTTP status, if there was one, the
# seconds that the server asks to wait, whether the request can have reached the action, and more.
async def pay_at_the_counter(request: Request, responder: Responder, result: ActionResult) -> None:
    """Say why the card was not charged, and what to do."""
    error = result.error
    if error and error.status == NOTHING_TO_PAY:
        responder.reply("There is nothing to pay yet, {guest}.")
        return
    when = f"in {error.retry_after:.0f} seconds" if error and error.retry_after else "later"
    responder.reply(f"The card terminal is not working. Please pay at the counter, or try again {when}.")


app.custom_action(domain="payments", intent="pay_order", action="charge_card", on_failure=pay_at_the_counter)

# A text is enough where the reason does not matter.
app.custom_action(
    domain="payments",
    intent="pay_order",
    has_entity="sys_amount-of-money",
    action="charge_card",
    on_failure="I can't add a tip to a card payment, {guest}. There is a jar on the counter.",
)

# Another action, on another server. No server has `email_receipt` yet: that is a failure like any other,
# so the app can be ready before the service is. Until then the store says what the order came to.
app.custom_action(domain="payments", intent="get_receipt", action="email_receipt", on_failure="price_order")
