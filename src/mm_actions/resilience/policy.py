"""Every figure of the room in one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from mm_actions.resilience.breaker import BreakerPolicy
from mm_actions.resilience.budget import BudgetPolicy
from mm_actions.resilience.bulkhead import BulkheadPolicy
from mm_actions.resilience.retry import RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class ResilienceSettings:
    """How calls of one server are bounded, repeated and refused.

    ===================  ============================  =====================================================
    figure               default                       source
    ===================  ============================  =====================================================
    retry                1, full jitter, 50 ms to 1 s  AWS, standard retry mode and "Exponential Backoff And
                                                       Jitter"; fewer and shorter, for somebody waits
    retry budget         20 % of 10 s, and 3           Finagle, RetryBudget: 20 % of 10 s; Envoy,
                                                       retry_budget: 20 %, and never under 3
    breaker, in a row    5 failures                    Envoy, consecutive_5xx; Finagle, failure accrual
    breaker, share       80 % in 30 s                  Finagle, failure accrual by success rate
    breaker, judged by   20 calls                      Envoy, success_rate_request_volume: 100, but one app
                                                       calls less than a mesh
    breaker, open        5 s, doubling to 300 s        Finagle, back-off of failure accrual
    bulkhead             100 in flight, 100 queued     Envoy, max_requests and max_pending_requests: 1024
                                                       each, for a whole proxy
    ===================  ============================  =====================================================

    Attributes:
        retry: When to try again.
        budget: How much of the load may be retries.
        breaker: When to leave the server alone.
        bulkhead: How many calls may be under way.
    """

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    budget: BudgetPolicy = field(default_factory=BudgetPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    bulkhead: BulkheadPolicy = field(default_factory=BulkheadPolicy)
