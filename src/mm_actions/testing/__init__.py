"""Fakes and fault tools for tests of code that calls actions; nothing here needs pytest."""

from mm_actions.testing.action_tester import ActionTester, Tested
from mm_actions.testing.black_hole import black_hole
from mm_actions.testing.certificates import CertificateAuthority, CertificateFiles
from mm_actions.testing.faults import (
    Answer,
    Close,
    Do,
    Dribble,
    Endless,
    FaultServer,
    Gate,
    HalfClose,
    Hang,
    Informational,
    InOrder,
    LedgerHandler,
    NotExecuted,
    ReadBytes,
    ReadHead,
    ReadRequest,
    ReceivedRequest,
    Reset,
    Send,
    Wait,
    WaitFor,
)
from mm_actions.testing.proxy import FaultProxy
from mm_actions.testing.scripted import FakeClock, ScriptedEngine, answer
from mm_actions.testing.toxics import (
    Bandwidth,
    BlackHole,
    Direction,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
)

__all__ = [  # noqa: RUF022 - a table of contents is grouped by what things are for
    # no network at all
    "ActionTester",
    "Tested",
    "ScriptedEngine",
    "answer",
    "FakeClock",
    # a server that does what a script says
    "FaultServer",
    "InOrder",
    "LedgerHandler",
    "ReceivedRequest",
    "Gate",
    # the steps of a script
    "Answer",
    "Close",
    "Do",
    "Dribble",
    "Endless",
    "HalfClose",
    "Hang",
    "Informational",
    "NotExecuted",
    "ReadBytes",
    "ReadHead",
    "ReadRequest",
    "Reset",
    "Send",
    "Wait",
    "WaitFor",
    # a proxy with faults on the way
    "FaultProxy",
    "Bandwidth",
    "BlackHole",
    "Direction",
    "Latency",
    "LimitData",
    "ResetPeer",
    "Slicer",
    "SlowClose",
    # an address that does not answer
    "black_hole",
    # throw-away certificates
    "CertificateAuthority",
    "CertificateFiles",
]
