"""Actions that fail, or take their time."""

import asyncio

from rasa_sdk import Action, ActionExecutionRejection


class Reject(Action):
    def name(self):
        return "action_reject"

    def run(self, dispatcher, tracker, domain):
        raise ActionExecutionRejection(self.name(), "no thanks")


class Crash(Action):
    def name(self):
        return "action_crash"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="half of it")
        raise RuntimeError("password=hunter2 was refused")


class Slow(Action):
    """Takes as many seconds as the slot says."""

    def name(self):
        return "action_slow"

    async def run(self, dispatcher, tracker, domain):
        await asyncio.sleep(tracker.get_slot("seconds") or 30)
        dispatcher.utter_message(text="late")
        return []


class NotANumber(Action):
    def name(self):
        return "action_nan"

    def run(self, dispatcher, tracker, domain):
        return [{"event": "slot", "name": "ratio", "value": float("nan"), "timestamp": None}]


class NoEvent(Action):
    """Gives an event of a type that no assistant knows."""

    def name(self):
        return "action_unknown_event"

    def run(self, dispatcher, tracker, domain):
        return [{"event": "no_such_event", "timestamp": None}]
