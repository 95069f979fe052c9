"""The turns that clients send: a Request of about 2 KB, and a fresh Responder for every call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.payloads import invocation
from mm_actions import DialogueResponder, Params, Request
from mm_actions.core.earlier import earlier

if TYPE_CHECKING:
    from collections.abc import Mapping

# What is in a turn beside its context and history, which are made longer to come to a size.
_TRANSCRIPTS = [f"a large coffee with milk, heard in way {number}" for number in range(8)]
_ENTITIES = [
    {
        "type": kind, "text": text, "role": None, "score": 0.93,
        "span": {"start": start, "end": start + len(text) - 1},
        "value": [{"cname": text, "id": f"{kind}-{text}", "score": 0.9, "synonyms": [text, f"{text}s"]}],
    }
    for kind, text, start in (("size", "large", 2), ("drink", "coffee", 8), ("extra", "milk", 20))
]  # fmt: skip


def request(*, size: int = 2_000, turns: int = 0) -> Request:
    """Make a turn.

    Args:
        size: Bytes of the payload, about, without its history.
        turns: How many earlier turns it brings along, of 0.8 KB each.
    """
    filler = max(0, size - 1_600)
    return Request(
        text="a large coffee with milk",
        domain="coffee",
        intent="order",
        entities=_ENTITIES,
        history=[_earlier(number) for number in range(turns)],
        frame={"step": 3, "order": {"size": "large", "milk": True}},
        params=Params(language="en", locale="en_US", allowed_intents=["coffee.order"]),
        context={"user": "u1", "items": [{"name": f"item {n}", "price": n / 4} for n in range(filler // 37)]},
        confidences={"domains": {"coffee": 0.98, "other": 0.02}, "intents": {"order": 0.95, "greet": 0.05}},
        nbest_transcripts_text=_TRANSCRIPTS,
    )


def responder(turn: Request) -> DialogueResponder:
    """Make what a turn's answer is merged into, as an application does."""
    return DialogueResponder(frame=dict(turn.frame), request=turn, history=turn.history)


def _earlier(number: int) -> Mapping[str, Any]:
    inner = invocation([])["request"] | {"text": f"a large coffee with milk, number {number}"}
    turn = {
        "request": inner, "slots": {"size": "large"}, "frame": {"step": number}, "dialogue_state": "order",
        "directives": [{"name": "reply", "type": "view", "payload": {"text": "One large coffee."}}],
        "params": inner["params"], "form": None, "history": [],
    }  # fmt: skip
    return earlier(turn)  # as an application does at the end of a turn
