"""Decisions about a call, never the call: deadline, retry, budget, breaker, bulkhead.

Nothing here sends, sleeps or waits. Time and chance are handed in, so a test decides both.
"""

from mm_actions.resilience.breaker import Breaker, BreakerPolicy, BreakerState, Permit
from mm_actions.resilience.budget import BudgetPolicy, RetryBudget
from mm_actions.resilience.bulkhead import Bulkhead, BulkheadPolicy, Ticket
from mm_actions.resilience.deadline import Clock, Deadline
from mm_actions.resilience.guard import Admission, ServerGuard
from mm_actions.resilience.hedging import settles, worth_hedging
from mm_actions.resilience.policy import ResilienceSettings
from mm_actions.resilience.retry import RandomSource, RetryPolicy, decide
from mm_actions.resilience.verdict import Again, Reading, Verdict, read, verdict

__all__ = [  # noqa: RUF022 - grouped by subject
    # one server
    "ServerGuard",
    "Admission",
    "ResilienceSettings",
    # time
    "Deadline",
    "Clock",
    # another attempt
    "decide",
    "RetryPolicy",
    "RetryBudget",
    "BudgetPolicy",
    "RandomSource",
    # a second attempt beside a slow one
    "worth_hedging",
    "settles",
    # leaving a server alone
    "Breaker",
    "BreakerPolicy",
    "BreakerState",
    "Permit",
    # bounding what is under way
    "Bulkhead",
    "BulkheadPolicy",
    "Ticket",
    # what an error says
    "Verdict",
    "Again",
    "Reading",
    "read",
    "verdict",
]
