"""A guest who talks with the coffee shop, in one of the two colours."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_actions import Conversation
from mm_actions.application.conversation import texts_of
from mm_actions.client.call import observing

if TYPE_CHECKING:
    from mm_actions import ActionResult, Application, DialogueResponder

COFFEE_SHOP = Path(__file__).parents[2] / "examples" / "coffee_shop"
BO = {"user": {"id": "u-1", "name": "Bo"}}


def sentences(intent: Path) -> list[str]:
    """What an intent's folder says that users say, without the marks."""
    lines = (intent / "train.txt").read_text(encoding="utf-8").splitlines()
    return [re.sub(r"\{([^|}]*)\|[^}]*\}", r"\1", line) for line in lines]


@dataclass
class Turn:
    """What came of one turn."""

    responder: DialogueResponder
    results: list[ActionResult]

    @property
    def texts(self) -> list[str]:
        return [each["payload"]["text"] for each in self.responder.directives if each["name"] == "reply"]

    @property
    def offers(self) -> list[str]:
        return [
            offer["text"]
            for each in self.responder.directives
            if each["name"] == "suggestions"
            for offer in each["payload"]
        ]

    @property
    def everything(self) -> list[str]:
        return texts_of(self.responder)

    @property
    def state(self) -> str | None:
        return self.responder.dialogue_state

    @property
    def next_state(self) -> str | None:
        return self.responder.params.target_dialogue_state

    @property
    def calls(self) -> list[tuple[str, str, str]]:
        return [(result.action, result.server, result.kind) for result in self.results]


class Guest:
    """Says one thing after the other."""

    def __init__(self, app: Application, colour: str, context: dict[str, Any]) -> None:
        self.conversation = Conversation(app, context=context)
        self._runner = asyncio.Runner() if colour == "async" else None

    def say(self, *texts: str) -> Turn:
        """Say these, and give the last turn."""
        for text in texts:
            results: list[ActionResult] = []
            if self._runner:
                responder = self._runner.run(self._said(text, results))
            else:
                with observing(results.append):
                    responder = self.conversation.process(text)
        return Turn(responder, results)

    async def _said(self, text: str, results: list[ActionResult]) -> DialogueResponder:
        with observing(results.append):
            return await self.conversation.process_async(text)

    def leave(self) -> None:
        if self._runner:
            self._runner.close()
