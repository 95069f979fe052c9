"""The bulkhead against a model: never too many, never lost, never out of order."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from mm_actions.errors import Overloaded
from mm_actions.resilience import Bulkhead, BulkheadPolicy, Ticket


class BulkheadModel(RuleBasedStateMachine):
    tickets = Bundle("tickets")

    @initialize(limit=st.integers(1, 4), queue=st.integers(0, 4))
    def build(self, limit: int, queue: int) -> None:
        self.limit, self.queue_limit = limit, queue
        self.bulkhead = Bulkhead(BulkheadPolicy(limit=limit, queue=queue))
        self.inside: set[Ticket] = set()
        self.waiting: list[Ticket] = []
        self.deaf: set[Ticket] = set()
        self.woken: list[Ticket] = []
        self.expected: list[Ticket] = []

    @rule(target=tickets, hears=st.sampled_from([True, True, True, False]))
    def a_call_comes(self, hears: bool) -> Ticket | None:
        if len(self.inside) == self.limit and len(self.waiting) == self.queue_limit:
            with pytest.raises(Overloaded):
                self.bulkhead.enter()
            return None
        ticket = self.bulkhead.enter()
        if len(self.inside) < self.limit:
            self.inside.add(ticket)
            ticket.on_admit(lambda: self.woken.append(ticket))
            self.expected.append(ticket)
            return ticket
        self.waiting.append(ticket)

        def hook() -> None:
            if not hears:
                raise RuntimeError("the event loop is closed")
            self.woken.append(ticket)

        ticket.on_admit(hook)
        if not hears:
            self.deaf.add(ticket)
        return ticket

    @rule(ticket=tickets)
    def a_call_leaves_perhaps_again(self, ticket: Ticket | None) -> None:
        if ticket is None:
            return
        ticket.leave()
        if ticket in self.waiting:
            self.waiting.remove(ticket)
        elif ticket in self.inside:
            self.inside.remove(ticket)
            while self.waiting:
                following = self.waiting.pop(0)
                if following not in self.deaf:
                    self.inside.add(following)
                    self.expected.append(following)
                    break

    @invariant()
    def both_count_alike(self) -> None:
        assert self.bulkhead.in_flight == len(self.inside) <= self.limit
        assert self.bulkhead.queued == len(self.waiting) <= self.queue_limit
        assert not self.waiting or len(self.inside) == self.limit
        assert self.woken == self.expected
        assert all(ticket.admitted for ticket in self.inside)
        assert not any(ticket.admitted for ticket in self.waiting)


TestBulkheadModel = BulkheadModel.TestCase
TestBulkheadModel.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)


@pytest.mark.slow
class TestBulkheadModelAtLength(BulkheadModel.TestCase):
    settings = settings(max_examples=1000, stateful_step_count=60, deadline=None)
