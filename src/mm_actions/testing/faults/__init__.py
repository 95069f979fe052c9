"""A server that does what a script says, down to the byte, and the steps a script is made of."""

from mm_actions.testing.faults.gate import Gate
from mm_actions.testing.faults.ledger import Delivery, LedgerHandler
from mm_actions.testing.faults.received import ReceivedRequest
from mm_actions.testing.faults.script import ConnectScript, Exchange, Handler, InOrder, Script, Steps
from mm_actions.testing.faults.server import FaultServer
from mm_actions.testing.faults.steps import (
    Answer,
    Close,
    Do,
    Dribble,
    Endless,
    HalfClose,
    Hang,
    Informational,
    NotExecuted,
    ReadBytes,
    ReadHead,
    ReadRequest,
    Reset,
    Send,
    Step,
    Wait,
    WaitFor,
)

__all__ = [
    "Answer",
    "Close",
    "ConnectScript",
    "Delivery",
    "Do",
    "Dribble",
    "Endless",
    "Exchange",
    "FaultServer",
    "Gate",
    "HalfClose",
    "Handler",
    "Hang",
    "InOrder",
    "Informational",
    "LedgerHandler",
    "NotExecuted",
    "ReadBytes",
    "ReadHead",
    "ReadRequest",
    "ReceivedRequest",
    "Reset",
    "Script",
    "Send",
    "Step",
    "Steps",
    "Wait",
    "WaitFor",
]
