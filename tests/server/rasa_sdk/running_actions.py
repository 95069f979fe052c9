"""Actions written for rasa_sdk that are held, counted or wrong, by what their module holds."""

import asyncio
import logging
import threading
from copy import deepcopy

from rasa_sdk import Action, FormValidationAction
from rasa_sdk.events import SlotSet

gate = threading.Event()
entered = threading.Event()
log = logging.getLogger("the-actions-own")


def hold():
    entered.set()
    assert gate.wait(10)
    return threading.current_thread() is threading.main_thread()


class Blocking(Action):
    def name(self):
        return "action_blocking"

    def run(self, dispatcher, tracker, domain):
        hold()
        dispatcher.utter_message(text="done")


class Quick(Action):
    def name(self):
        return "action_quick"

    async def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=threading.current_thread().name)


class Inline(Action):
    mm_actions_inline = True

    def name(self):
        return "action_inline"

    def run(self, dispatcher, tracker, domain):
        asyncio.get_running_loop()
        dispatcher.utter_message(text=threading.current_thread().name)


class WantsLoop(Action):
    def name(self):
        return "action_wants_loop"

    def run(self, dispatcher, tracker, domain):
        asyncio.get_event_loop()


class Apart(Action):
    """Waits and blocks, and says that it wants a thread."""

    mm_actions_inline = False

    def name(self):
        return "action_apart"

    async def run(self, dispatcher, tracker, domain):
        await asyncio.sleep(0)
        hold()
        await dispatcher.stream_chunk(text="from a thread")
        await dispatcher.stream_end()


class HandsOut(Action):
    def name(self):
        return "action_hands_out"

    def run(self, dispatcher, tracker, domain):
        async def rest():
            await asyncio.sleep(0)
            dispatcher.utter_message(text=threading.current_thread().name)
            return [SlotSet("a", 1)]

        return rest()


class ValidatePlainly(FormValidationAction):
    def name(self):
        return "validate_plain_form"

    def validate_size(self, value, dispatcher, tracker, domain):
        hold()
        return {"size": value}


class Writes(Action):
    def name(self):
        return "action_writes"

    async def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(json_message={"slots": dict(tracker.slots), "domain": deepcopy(domain)})
        tracker.slots["secret"] = "alice"
        tracker.events.append({"event": "slot", "name": "secret", "value": "alice"})
        domain["secret"] = "alice"
        domain.setdefault("slots", {}).setdefault("city", {})["secret"] = "alice"
        dispatcher.utter_message(json_message={"slots": dict(tracker.slots)})


class Odd(Action):
    def name(self):
        return "action_odd"

    def run(self, dispatcher, tracker, domain):
        return [{"name": "secret-1"}, "secret-2", None, SlotSet("kept", 1), {"event": ""}]


class Single(Action):
    def name(self):
        return "action_single"

    def run(self, dispatcher, tracker, domain):
        return SlotSet("lost", 1)


class Iterates(Action):
    """Iterates something that never waits, which the test lets go on one by one."""

    steps = 0

    def name(self):
        return "action_iterates"

    async def run(self, dispatcher, tracker, domain):
        type(self).steps = 0
        await dispatcher.stream_start()
        for number in range(tracker.slots.get("count", 5)):
            type(self).steps = number
            await dispatcher.stream_chunk(text=f"{number} ")
        await dispatcher.stream_end()
        return [SlotSet("interrupted", dispatcher.is_streaming_cancelled)]


class Forgets(Action):
    def name(self):
        return "action_forgets"

    async def run(self, dispatcher, tracker, domain):
        await dispatcher.stream_chunk(text="a", json_message={"x": 1}, extra="kept")
        await dispatcher.stream_chunk(buttons=[{"title": "b"}], text=None)


class BreaksOff(Action):
    def name(self):
        return "action_breaks_off"

    async def run(self, dispatcher, tracker, domain):
        await dispatcher.stream_chunk(text="said")
        dispatcher.cancel_stream()
        await dispatcher.stream_chunk(text="dropped")
        log.info("active %s", dispatcher.is_streaming_active)
        await dispatcher.stream_end()
        await dispatcher.stream_start()
        await dispatcher.stream_chunk(text="again")
        await dispatcher.stream_end()
        await dispatcher.stream_end()


class Template(Action):
    def name(self):
        return "action_streams_template"

    async def run(self, dispatcher, tracker, domain):
        await dispatcher.stream_chunk(response="utter_greet")
