"""Exchanges in files: recorded from a real server, offered by a mock server, sent again to compare."""

from mm_actions.testing.exchanges.exchange import REDACTED, Exchange
from mm_actions.testing.exchanges.faults import Fault, FaultRule, Faults
from mm_actions.testing.exchanges.folder import Shelf, Stored, examples_folder, read_folder
from mm_actions.testing.exchanges.matching import Book
from mm_actions.testing.exchanges.mock import MockServer
from mm_actions.testing.exchanges.recorder import Recorder, RecorderOptions
from mm_actions.testing.exchanges.redaction import Redaction
from mm_actions.testing.exchanges.replay import Replay, Replayed

__all__ = [  # noqa: RUF022 - a table of contents is grouped by what things are for
    # the files
    "Exchange",
    "Stored",
    "Shelf",
    "read_folder",
    "examples_folder",
    "REDACTED",
    # a server that answers from them
    "MockServer",
    "Book",
    "Fault",
    "FaultRule",
    "Faults",
    # a proxy that writes them
    "Recorder",
    "RecorderOptions",
    "Redaction",
    # a client that sends them again
    "Replay",
    "Replayed",
]
