"""Actions that say what they have to say piece by piece."""

import asyncio

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

last = {"chunks": 0, "ended": "not begun"}
"""How the last endless stream of this process went."""


class Stream(Action):
    def name(self):
        return "action_stream"

    async def run(self, dispatcher, tracker, domain):
        await dispatcher.stream_start()
        for word in ("one ", "two ", "three"):
            await dispatcher.stream_chunk(text=word)
        await dispatcher.stream_chunk(buttons=[{"title": "More", "payload": "/more"}])
        await dispatcher.stream_end()
        dispatcher.utter_message(text="and a message")
        return [SlotSet("counted", 3)]


class StreamTwice(Action):
    def name(self):
        return "action_stream_twice"

    async def run(self, dispatcher, tracker, domain):
        for word in ("first", "second"):
            await dispatcher.stream_start()
            await dispatcher.stream_chunk(text=word)
            await dispatcher.stream_end()
        return []


class StreamThenCrash(Action):
    def name(self):
        return "action_stream_crash"

    async def run(self, dispatcher, tracker, domain):
        await dispatcher.stream_start()
        await dispatcher.stream_chunk(text="so far")
        raise RuntimeError("password=hunter2 was refused")


class StreamSlowly(Action):
    """Says one word after the other until somebody stops it."""

    def name(self):
        return "action_stream_slowly"

    async def run(self, dispatcher, tracker, domain):
        last.update(chunks=0, ended="running")
        try:
            await dispatcher.stream_start()
            while not dispatcher.is_streaming_cancelled:
                await dispatcher.stream_chunk(text="word ")
                last["chunks"] += 1
                await asyncio.sleep(0.02)
            await dispatcher.stream_end()
            last["ended"] = "interrupted"
        except asyncio.CancelledError:
            last["ended"] = "cancelled"
            raise
        return [SlotSet("interrupted", True)]


class StreamReport(Action):
    """Says how the last endless stream ended."""

    def name(self):
        return "action_stream_report"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(json_message=dict(last))
        return []
