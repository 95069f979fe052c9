"""The conformance kit: looks at an action server from outside, whatever it is written in."""

from mm_actions.conformance.check import Check
from mm_actions.conformance.checks import CHECKS
from mm_actions.conformance.examination import Examination
from mm_actions.conformance.exchange import Exchange, Response, SentRequest
from mm_actions.conformance.junit import junit
from mm_actions.conformance.report import Report, Result
from mm_actions.conformance.showing import Shown
from mm_actions.conformance.target import ConformanceOptions, Target

__all__ = [  # noqa: RUF022 - grouped as a table of contents
    # a run
    "Examination",
    "ConformanceOptions",
    "Target",
    # the checks
    "CHECKS",
    "Check",
    # what was found
    "Report",
    "Result",
    "Exchange",
    "SentRequest",
    "Response",
    # how it is shown
    "Shown",
    "junit",
]
