"""The turn that the tests are about."""

from __future__ import annotations

from typing import Any

from mm_actions import Request, Responder


def turn(text: str = "a large one", frame: dict[str, Any] | None = None) -> tuple[Request, Responder]:
    """Make a request and the responder that answers it."""
    frame = {"size": "large"} if frame is None else frame
    request = Request(
        text=text,
        domain="shop",
        intent="order",
        entities=[
            {
                "text": "large",
                "type": "size",
                "role": None,
                "value": [{"cname": "large"}],
                "span": {"start": 2, "end": 6},
            },
            {"text": "ham", "type": "topping", "role": "first", "value": [{"cname": "ham"}]},
        ],
        frame=frame,
        context={"conversation_id": "c-1"},
        request_id=f"turn-{text}",
    )
    return request, Responder(frame=dict(frame), slots={"topping": "ham"}, request=request)


def members(responder: Responder) -> dict[str, Any]:
    """Give what a caller sees of a responder."""
    return {
        "directives": responder.directives,
        "frame": responder.frame,
        "slots": responder.slots,
        "params": responder.params.to_wire(),
    }
