"""What the tests of the client share."""

from mm_actions.errors import ConnectFailed, Sent

URL = "http://server.example/action"
REPLY = {"name": "reply", "type": "view", "payload": {"text": "hi"}}


def config(engine, **more):
    return {"url": URL, "engine": engine, **more}


def refused():
    return ConnectFailed("refused", sent=Sent.NO)
