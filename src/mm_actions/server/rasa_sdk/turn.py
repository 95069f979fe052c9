"""One call of one action of rasa_sdk: what the action is given, and what becomes of what it returns."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from rasa_sdk import ActionExecutionRejection, Tracker

from mm_actions.core.transport import Invocation
from mm_actions.dialects.rasa.answers import answer_of
from mm_actions.dialects.rasa.calls import call_of
from mm_actions.dialects.rasa.wire import RasaAnswer
from mm_actions.server.errors import Rejected
from mm_actions.server.rasa_sdk.native import NativeRequest
from mm_actions.server.rasa_sdk.streaming import StreamingDispatcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder

    Run = Callable[[StreamingDispatcher, Tracker, dict[str, Any]], Any]

logger = logging.getLogger("mm_actions.server")


class Turn:
    """An action's own dispatcher, tracker and domain, which no other call sees.

    Args:
        name: The action's name.
        domain: The assistant's domain, if the call does not bring one.
        request: What is asked.
        responder: What is answered.
    """

    def __init__(
        self, name: str, domain: Mapping[str, Any], request: Request, responder: DialogueResponder
    ) -> None:
        self._name = name
        self._responder: Any = responder
        self._native = isinstance(request, NativeRequest)
        if isinstance(request, NativeRequest):
            self._call = request.call
            tracker = self._call.tracker
        else:
            self._call = call_of(Invocation(action=name, request=request, responder=responder))
            tracker = msgspec.to_builtins(self._call.tracker)  # parts of a Request do not change
        brought = self._call.domain
        self._domain = msgspec.to_builtins(domain) if brought is msgspec.UNSET else brought
        state: Any = {key: value for key, value in tracker.items() if value is not None}
        state.setdefault("sender_id", self._call.sender_id or "default")
        self._tracker = Tracker.from_dict(state)
        self._dispatcher = StreamingDispatcher(responder, getattr(responder, "interrupted", ()))

    def begin(self, run: Run) -> Any:
        """Call it.

        Raises:
            Rejected: It declined.
        """
        try:
            return run(self._dispatcher, self._tracker, self._domain)
        except ActionExecutionRejection as rejection:
            raise _rejected(rejection) from rejection

    async def end(self, result: Any) -> dict[str, Any] | None:
        """Wait for its result, if that is left to do, and for what is left of its stream.

        Raises:
            Rejected: It declined.
        """
        try:
            if inspect.isawaitable(result):
                result = await result
        except ActionExecutionRejection as rejection:
            raise _rejected(rejection) from rejection
        if self._dispatcher.is_streaming_active:
            logger.warning("action %r began a stream and did not end it", self._name)
            await self._dispatcher.stream_end()
        return self.answer(result)

    def answer(self, result: Any) -> dict[str, Any] | None:
        """Hand on what it said: in its own words, or in ours."""
        events, responses = _events(self._name, result), self._dispatcher.messages
        if self._native:
            self._responder.events.extend(events)
            self._responder.responses.extend(responses)
            return None
        return msgspec.structs.asdict(answer_of(self._call, RasaAnswer(events=events, responses=responses)))


def _rejected(rejection: ActionExecutionRejection) -> Rejected:
    return Rejected(str(rejection), action=rejection.action_name)


def _events(name: str, result: Iterable[object] | None) -> list[dict[str, Any]]:
    """Keep what can be an event; Rasa drops the rest in the same way."""
    if isinstance(result, Mapping):
        logger.error("action %r returned a single dict, which is dropped: return a list of events", name)
        return []
    events: list[dict[str, Any]] = []
    for position, event in enumerate(result or ()):
        if isinstance(event, dict) and event.get("event"):
            events.append(event)
        else:
            what = (
                "has no member 'event'" if isinstance(event, dict) else f"is of type {type(event).__name__}"
            )
            logger.error(
                "action %r returned an event that %s: number %d is dropped; use rasa_sdk.events",
                name,
                what,
                position,
            )
    return events
