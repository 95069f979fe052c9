"""What an application asks of natural language processing."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Nlp(Protocol):
    """Anything that turns a text into a domain, an intent and entities.

    MindMeld's ``NaturalLanguageProcessor`` is one, and so is any object of yours with this method.
    """

    def process(self, text: str, /, **options: Any) -> dict[str, Any]:
        """Return ``text``, ``domain``, ``intent`` and ``entities``, and ``confidences`` where known.

        Args:
            text: What the user said.
            options: What MindMeld's ``process`` takes, such as ``allowed_intents``.
        """
        ...
