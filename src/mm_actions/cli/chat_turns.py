"""One turn of a conversation, recorded: what was understood, which actions were called, what was answered."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from mm_actions.cli.display import change_lines, directive_lines, failure_lines, milliseconds, result_line
from mm_actions.cli.failure import described
from mm_actions.cli.printable import printable
from mm_actions.client.call import observing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mm_actions.application.conversation import Conversation
    from mm_actions.client.result import ActionResult
    from mm_actions.core.responder import DialogueResponder


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTurn:
    """A turn that was taken.

    Attributes:
        text: What was said.
        responder: What was answered, and the request that it answers.
        calls: The actions that were called, in the order in which they ended.
        frame_before: The frame as the turn found it.
        elapsed: Seconds that it took.
    """

    text: str
    responder: DialogueResponder
    calls: tuple[ActionResult, ...]
    frame_before: Mapping[str, Any]
    elapsed: float

    def lines(self) -> list[Text]:
        """Show it to a person."""
        request, responder = self.responder.request, self.responder
        intent = ".".join(filter(None, (request.domain, request.intent))) or "(no intent)"
        state = responder.dialogue_state or "(no dialogue state)"
        head = Text.assemble(
            ("  ", ""),
            (f"{printable(intent)} → {printable(state)}", "bold"),
            f", {milliseconds(self.elapsed)}",
        )
        shown = [head]
        for call in self.calls:
            shown += [Text("  ") + result_line(call), *failure_lines(call)]
        for directive in responder.directives:
            shown += directive_lines(directive)
        return shown + change_lines("frame", self.frame_before, responder.frame)

    def document(self) -> dict[str, Any]:
        """Describe it for programs."""
        request, responder = self.responder.request, self.responder
        return {
            "text": self.text,
            "domain": request.domain,
            "intent": request.intent,
            "entities": request.entities,
            "dialogue_state": responder.dialogue_state,
            "actions": [
                {
                    "action": call.action,
                    "server": call.server,
                    "result": call.kind,
                    "attempts": call.attempts,
                    "elapsed": round(call.elapsed, 6),
                    "trace_id": call.trace_id,
                    "error": None if call.error is None else described(call.error),
                }
                for call in self.calls
            ],
            "directives": responder.directives,
            "frame": responder.frame,
            "params": responder.params.to_wire(),
            "elapsed": round(self.elapsed, 6),
        }


class TurnRecorder:
    """Takes turns of a conversation and records them.

    Args:
        conversation: The conversation.
        quiet: Keep what the app prints away from stdout, where only documents belong.
    """

    def __init__(self, conversation: Conversation, *, quiet: bool) -> None:
        self._conversation = conversation
        self._quiet = quiet
        self._calls: list[ActionResult] = []

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Hear of calls. It spans all turns: an event loop keeps the context that it was started in."""
        with observing(self._calls.append):
            yield

    def take(self, text: str) -> RecordedTurn:
        """Say something.

        Raises:
            Exception: Whatever the application raises.
        """
        self._calls.clear()
        before = dict(self._conversation.frame)
        started = time.monotonic()
        with contextlib.redirect_stdout(sys.stderr) if self._quiet else contextlib.nullcontext():
            responder = self._conversation.process(text)
        return RecordedTurn(
            text=text,
            responder=responder,
            calls=tuple(self._calls),
            frame_before=before,
            elapsed=time.monotonic() - started,
        )
