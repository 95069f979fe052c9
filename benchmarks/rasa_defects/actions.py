"""Actions written for rasa_sdk, with nothing of ours: both servers run this file."""
# ruff: noqa: ANN001, ANN201, ARG002, ASYNC251 - as authors of actions write them, blocking calls included

import asyncio
import time

from rasa_sdk import Action

BLOCKED = 1.5
TOKENS, TOKEN_TIME = 10, 0.1
DEAF_TIME = 8.0
SECRET = "hunter2"


class Hello(Action):
    """Says hello."""

    def name(self):
        """Give the name."""
        return "action_hello"

    async def run(self, dispatcher, tracker, domain):
        """Answer."""
        dispatcher.utter_message(text="Hello.")
        return [{"event": "slot", "timestamp": None, "name": "greeted", "value": True}]


class Blocking(Action):
    """Blocks, as a query of a database does."""

    def name(self):
        """Give the name."""
        return "action_blocking"

    def run(self, dispatcher, tracker, domain):
        """Block."""
        time.sleep(BLOCKED)
        return []


class Tokens(Action):
    """Streams what a client without async gives token by token."""

    def name(self):
        """Give the name."""
        return "action_tokens"

    async def run(self, dispatcher, tracker, domain):
        """Stream."""
        await dispatcher.stream_start()
        for number in range(TOKENS):
            time.sleep(TOKEN_TIME)
            await dispatcher.stream_chunk(text=f"{number} ")
        await dispatcher.stream_end()
        return []


class Deaf(Action):
    """Goes on though its user has interrupted it."""

    def name(self):
        """Give the name."""
        return "action_deaf"

    async def run(self, dispatcher, tracker, domain):
        """Stream, and do not ask whether anybody listens."""
        until = time.monotonic() + DEAF_TIME
        while time.monotonic() < until:
            await dispatcher.stream_chunk(text="and ")
            await asyncio.sleep(0.1)
        return []


class Crash(Action):
    """Fails, with a secret in the error."""

    def name(self):
        """Give the name."""
        return "action_crash"

    def run(self, dispatcher, tracker, domain):
        """Fail."""
        raise RuntimeError(f"the password {SECRET} was refused")


class Burst(Action):
    """Streams as many chunks as the slot says, which is 5.0 for 5 where rasa_sdk speaks gRPC."""

    def name(self):
        """Give the name."""
        return "action_burst"

    async def run(self, dispatcher, tracker, domain):
        """Stream."""
        await dispatcher.stream_start()
        for _ in range(int(tracker.get_slot("chunks"))):
            await dispatcher.stream_chunk(text="a token ")
        await dispatcher.stream_end()
        return []
