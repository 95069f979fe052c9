"""For rasa_sdk's own server: one trivial action. Runs in rasa_sdk's virtual environment, not in ours."""

from rasa_sdk import Action  # type: ignore[import-not-found] # lives in an environment of its own
from rasa_sdk.events import SlotSet  # type: ignore[import-not-found] # likewise


class ActionHello(Action):  # type: ignore[misc] # of no known type
    """Says hello."""

    def name(self) -> str:
        """Give the name."""
        return "action_hello"

    async def run(self, dispatcher, tracker, domain):  # noqa: ANN001, ANN201, ARG002 - rasa_sdk's
        """Answer."""
        dispatcher.utter_message(text="Hello.")
        return [SlotSet("greeted", True)]
