"""Hosting actions: `ActionServer`, what handlers raise, who may call, and where answers are kept."""

from mm_actions.server.action_server import ActionServer
from mm_actions.server.calls.host import Call, Counts, Host
from mm_actions.server.calls.reply import Reply
from mm_actions.server.calls.streaming import CallAbandoned
from mm_actions.server.door.asgi import AsgiApp
from mm_actions.server.errors import (
    ActionError,
    BadRequest,
    Conflict,
    Forbidden,
    NotAuthorized,
    NotFound,
    Rejected,
    TooManyRequests,
    Unavailable,
    Unprocessable,
)
from mm_actions.server.keys.sqlite import SqliteKeys
from mm_actions.server.keys.store import Found, KeyStore, MemoryKeys, State
from mm_actions.server.options import ServerOptions
from mm_actions.server.security import BasicUsers, BearerTokens, Guard, SignedBodies

__all__ = [  # noqa: RUF022 - grouped as a table of contents
    # the server
    "ActionServer",
    "ServerOptions",
    "Counts",
    # what handlers raise
    "ActionError",
    "BadRequest",
    "NotAuthorized",
    "Forbidden",
    "NotFound",
    "Conflict",
    "Unprocessable",
    "Rejected",
    "TooManyRequests",
    "Unavailable",
    # what a stream's flush raises
    "CallAbandoned",
    # who may call
    "Guard",
    "BearerTokens",
    "BasicUsers",
    "SignedBodies",
    # answers kept by Idempotency-Key
    "KeyStore",
    "MemoryKeys",
    "SqliteKeys",
    "State",
    "Found",
    # for doors other than HTTP
    "AsgiApp",
    "Host",
    "Call",
    "Reply",
]
