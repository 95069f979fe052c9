"""DialogueResponder: what a handler answers with."""

from __future__ import annotations

import random
from collections import ChainMap
from typing import TYPE_CHECKING, Any, ClassVar

from mm_actions.core.params import Params
from mm_actions.core.request import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator, Iterator, Mapping, Sequence


class DirectiveNames:
    """The names of the directives that front ends know."""

    LIST = "list"
    LISTEN = "listen"
    REPLY = "reply"
    RESET = "reset"
    SPEAK = "speak"
    SUGGESTIONS = "suggestions"
    SLEEP = "sleep"


class DirectiveTypes:
    """The two types of directives that front ends know."""

    VIEW = "view"
    ACTION = "action"


class DialogueResponder:
    """Collects directives, and the frame, slots and params for the next turn.

    Args:
        frame: State to keep between turns.
        params: Settings for the next turn.
        history: Responders of earlier turns, newest first.
        slots: Values for the templates of ``reply`` and ``speak``, before those of the frame.
        request: The turn that is answered.
        dialogue_state: The name of the state that answers.
        directives: What was already answered.
        form: The entity form in progress.

    Attributes:
        random: Chooses among the alternatives of a reply; a seeded ``random.Random`` makes it repeatable.
    """

    DirectiveNames = DirectiveNames
    DirectiveTypes = DirectiveTypes
    random: ClassVar[random.Random] = random.Random()  # noqa: S311 - it chooses words, not secrets

    def __init__(  # noqa: PLR0917 - MindMeld's order
        self,
        frame: dict[str, Any] | None = None,
        params: Params | Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, Any]] | None = None,
        slots: dict[str, Any] | None = None,
        request: Request | None = None,
        dialogue_state: str | None = None,
        directives: list[dict[str, Any]] | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> None:
        self.directives: list[dict[str, Any]] = [] if directives is None else directives
        self.frame: dict[str, Any] = {} if frame is None else frame
        self.params = params
        self.slots: dict[str, Any] = {} if slots is None else slots
        self.dialogue_state = dialogue_state
        self.form = form
        self.request = request if request is not None else Request()
        self.history: list[Mapping[str, Any]] = list(history or ())

    @property
    def params(self) -> Params:
        """Settings for the next turn; a dict may be assigned."""
        return self._params

    @params.setter
    def params(self, value: Params | Mapping[str, Any] | None) -> None:
        self._params = value if isinstance(value, Params) else Params(**(value or {}))

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Give all members in MindMeld's form, so that ``dict(responder)`` is its payload."""
        yield "request", dict(self.request)
        yield "slots", self.slots
        yield "frame", self.frame
        yield "directives", self.directives
        yield "dialogue_state", self.dialogue_state
        yield "params", self.params.to_wire()
        yield "form", self.form
        yield "history", self.history

    def reply(self, text: str | Sequence[str] | set[str]) -> None:
        """Show a text; of several, one by chance. ``{name}`` stands for the slot of that name.

        Where there is no such slot, the member of the frame is taken.

        Raises:
            KeyError: Neither has the name.
        """
        self.display(DirectiveNames.REPLY, {"text": self._fill(text)})

    def speak(self, text: str | Sequence[str] | set[str]) -> None:
        """Say a text aloud, chosen and filled as in :meth:`reply`."""
        self.act(DirectiveNames.SPEAK, {"text": self._fill(text)})

    def list(self, items: Sequence[Any] | None) -> None:
        """Show a list of items, each a dict that the front end knows."""
        self.display(DirectiveNames.LIST, items)

    def suggest(self, suggestions: Sequence[Any] | None) -> None:
        """Offer what the user may say next, such as ``[{"text": "yes"}]``."""
        self.display(DirectiveNames.SUGGESTIONS, suggestions)

    def listen(self) -> None:
        """Open the microphone."""
        self.act(DirectiveNames.LISTEN)

    def reset(self) -> None:
        """Start the conversation anew."""
        self.act(DirectiveNames.RESET)

    def sleep(self, delay: int = 0) -> None:
        """Put the client to sleep after ``delay`` milliseconds."""
        self.act(DirectiveNames.SLEEP, {"delay": delay})

    def display(self, name: str, payload: Any = None) -> None:
        """Add a directive of type view."""
        self.direct(name, DirectiveTypes.VIEW, payload)

    def act(self, name: str, payload: Any = None) -> None:
        """Add a directive of type action."""
        self.direct(name, DirectiveTypes.ACTION, payload)

    def direct(self, name: str, dtype: str, payload: Any = None) -> None:
        """Add a directive; an empty payload is left out."""
        directive: dict[str, Any] = {"name": name, "type": dtype}
        if payload:
            directive["payload"] = payload
        self.directives.append(directive)

    def flush(self) -> Awaitable[None]:
        """Send on what has been added so far, where the answer is streamed; elsewhere this does nothing.

        A coroutine awaits it; in a plain function, the call alone waits until it is done.
        """
        return _DONE

    def exit_flow(self) -> None:
        """Leave the dialogue flow: the next turn is matched against the application's rules."""
        self.params.target_dialogue_state = None

    def _fill(self, text: str | Sequence[str] | set[str]) -> str:
        chosen = (
            text
            if isinstance(text, str)
            else self.random.choice(sorted(text) if isinstance(text, set) else text)
        )
        try:
            return chosen.format(**self.slots)
        except KeyError:
            if not self.frame:
                raise
            return chosen.format_map(ChainMap(self.slots, self.frame))

    def __repr__(self) -> str:
        """Show the state and the number of directives."""
        return f"<{type(self).__name__} of {self.dialogue_state!r} with {len(self.directives)} directives>"


class _Done:
    """What can be awaited, without waiting."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


_DONE = _Done()
