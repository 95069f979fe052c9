"""What is said in the demonstration, and what each turn is there to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A turn.

    Attributes:
        shows: What to look at.
        text: What the user says; empty when the user touches the first suggestion of the answer before.
        fails: The actions that fail in this turn, as they should.
    """

    shows: str
    text: str = ""
    fails: tuple[str, ...] = ()


CONTEXT: Final = {"user": {"id": "u-1", "name": "Bo"}}
"""What the front end says of itself and its user, in each turn."""

SCRIPT: Final = (
    Line(text="hi", shows="an action with merge=False: the visit starts with the frame that it answers"),
    Line(text="when do you open", shows="a decorated action: it asks, and sets the next turn's state"),
    Line(shows="that state takes the answer, and calls a single action"),
    Line(text="what do you recommend", shows="two actions at once, on two servers"),
    Line(
        text="how many points do I have", shows="an action called by hand, between replies of the app's own"
    ),
    Line(text="I'd like to order", shows="a dialogue flow begins"),
    Line(text="two large lattes", shows="in the flow: a sequence, whose second action sees the new order"),
    Line(text="who won the football match", shows="in the flow: what does not fit leads back to the order"),
    Line(text="and a small mocha", shows="in the flow: the order is kept in the frame"),
    Line(text="yes please", shows="the flow ends"),
    Line(text="what is my total", shows="a sequence that crosses servers"),
    Line(
        text="can I pay now", shows="a failure, answered by a handler that knows why", fails=("charge_card",)
    ),
    Line(text="add a 2 dollar tip", shows="a failure, answered by a text", fails=("charge_card",)),
    Line(
        text="can I get a receipt",
        shows="a failure, answered by another action",
        fails=("email_receipt",),
    ),
    Line(text="bye", shows="no action at all: the name comes from the middleware"),
)
