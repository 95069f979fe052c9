from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest

from mm_actions.errors import ConfigurationError
from mm_actions.resilience import (
    BreakerPolicy,
    BudgetPolicy,
    BulkheadPolicy,
    ResilienceSettings,
    RetryPolicy,
)


def test_the_default_figures_are_the_documented_ones():
    settings = ResilienceSettings()
    assert settings.retry == RetryPolicy(retries=1, base=0.05, cap=1.0, margin=0.01)
    assert settings.budget == BudgetPolicy(ratio=0.2, reserve=3, window=10.0)
    assert settings.breaker == BreakerPolicy(
        failures=5, success_ratio=0.8, calls=20, window=30.0, open_for=5.0, open_at_most=300.0, jitter=0.1
    )
    assert settings.bulkhead == BulkheadPolicy(limit=100, queue=100)


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        ResilienceSettings().retry = RetryPolicy()


BOUNDS = [
    (RetryPolicy, "retries", 0, 10),
    (RetryPolicy, "base", 0, 60),
    (RetryPolicy, "cap", 0, 60),
    (RetryPolicy, "margin", 0, 60),
    (BudgetPolicy, "ratio", 0, 10),
    (BudgetPolicy, "reserve", 0, 1_000_000),
    (BudgetPolicy, "window", 0.1, 3600),
    (BreakerPolicy, "failures", 1, 1_000_000),
    (BreakerPolicy, "success_ratio", 0, 1),
    (BreakerPolicy, "calls", 1, 1_000_000),
    (BreakerPolicy, "window", 0.1, 3600),
    (BreakerPolicy, "open_for", 0.001, 86_400),
    (BreakerPolicy, "open_at_most", 0.001, 86_400),
    (BreakerPolicy, "jitter", 0, 1),
    (BulkheadPolicy, "limit", 1, 1_000_000),
    (BulkheadPolicy, "queue", 0, 1_000_000),
]


@pytest.mark.parametrize(("policy", "name", "least", "greatest"), BOUNDS)
def test_a_figure_may_take_its_bounds_and_nothing_beyond(policy, name, least, greatest):
    for value in (least, greatest):
        assert getattr(policy(**{name: value}), name) == value
    for value in (math.nextafter(least, -1), math.nextafter(greatest, math.inf), math.nan):
        with pytest.raises(ConfigurationError) as refusal:
            policy(**{name: value})
        assert str(refusal.value) == (
            f"{policy.__name__}.{name} is {value!r}: write a figure from {least} to {greatest}"
        )
