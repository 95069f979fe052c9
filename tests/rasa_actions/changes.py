"""Actions that change the conversation by events."""

from rasa_sdk import Action
from rasa_sdk.events import (
    ActiveLoop,
    AllSlotsReset,
    ConversationPaused,
    FollowupAction,
    ReminderCancelled,
    SlotSet,
)


class Slots(Action):
    def name(self):
        return "action_slots"

    def run(self, dispatcher, tracker, domain):
        return [
            SlotSet("city", "Berlin"),
            SlotSet("people", 5),
            SlotSet("share", 0.5),
            SlotSet("cuisines", ["thai", "greek"]),
            SlotSet("gone", None),
        ]


class Followup(Action):
    def name(self):
        return "action_followup"

    def run(self, dispatcher, tracker, domain):
        return [FollowupAction("action_hello")]


class Reset(Action):
    def name(self):
        return "action_reset"

    def run(self, dispatcher, tracker, domain):
        return [AllSlotsReset()]


class Others(Action):
    """Gives events that have no counterpart elsewhere."""

    def name(self):
        return "action_others"

    def run(self, dispatcher, tracker, domain):
        return [ConversationPaused(), ActiveLoop("booking_form"), ReminderCancelled(name="tea")]


class Count(Action):
    """Counts in a slot, which has to come back as the whole number that it was sent as."""

    def name(self):
        return "action_count"

    def run(self, dispatcher, tracker, domain):
        count = tracker.get_slot("count") or 0
        dispatcher.utter_message(text=f"{type(count).__name__} {count}")
        return [SlotSet("count", count + 1)]
