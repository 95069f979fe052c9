"""The index of rules chooses what a scan of all rules would choose, and faster."""

from __future__ import annotations

import timeit

from hypothesis import given
from hypothesis import strategies as st

from mm_actions import Request
from mm_actions.application.index import RuleIndex
from mm_actions.application.manager import DialogueManager
from mm_actions.application.rules import make_rule

DOMAINS, INTENTS, TYPES = ["d1", "d2"], ["i1", "i2"], ["a", "b", "c"]

conditions = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "domain": st.sampled_from(DOMAINS),
            "intent": st.sampled_from(INTENTS),
            "has_entities": st.lists(st.sampled_from(TYPES), max_size=3),
        },
    ),
    st.just({"default": True}),
    st.just({"targeted_only": True}),
)
requests = st.builds(
    lambda domain, intent, types: Request(
        domain=domain, intent=intent, entities=[{"type": kind} for kind in types]
    ),
    st.sampled_from([None, *DOMAINS, "elsewhere"]),
    st.sampled_from([None, *INTENTS, "else"]),
    st.lists(st.sampled_from([*TYPES, "other"]), max_size=4),
)


def scanned(rules, request):
    """The order of MindMeld's user guide, one rule after the other: the first best stays."""
    present = {entity["type"] for entity in request.entities}
    best = None
    for position, rule in enumerate(rules):
        wanted = set(rule.get("has_entities", ()))
        if (
            rule.get("targeted_only")
            or rule.get("domain") not in (None, request.domain)
            or rule.get("intent") not in (None, request.intent)
            or not wanted <= present
        ):
            continue
        rank = (len(wanted), "intent" in rule, "domain" in rule, "default" in rule)
        if best is None or rank > best[0]:
            best = (rank, position)
    return None if best is None else str(best[1])


@given(st.lists(conditions, max_size=12), st.lists(requests, min_size=1, max_size=4))
def test_the_index_chooses_as_a_scan_does(rules, turns):
    index = RuleIndex(make_rule(str(position), None, rule) for position, rule in enumerate(rules))
    for turn in turns:
        rule = index.taking(turn)
        assert (rule.dialogue_state if rule else None) == scanned(rules, turn)


@given(st.lists(conditions, min_size=1, max_size=6), st.data())
def test_a_state_is_found_by_name_whatever_its_conditions(rules, data):
    index = RuleIndex(make_rule(str(position), None, rule) for position, rule in enumerate(rules))
    position = data.draw(st.integers(0, len(rules) - 1))
    found = index.named(str(position))
    assert found is not None
    assert found.dialogue_state == str(position)
    assert index.named("none of them") is None


def test_a_choice_among_a_thousand_rules_costs_about_what_one_costs():
    few, many = DialogueManager(), DialogueManager()
    for manager, count in ((few, 1), (many, 1000)):
        for number in range(count):
            manager.add_dialogue_rule(
                f"s{number}",
                print,
                domain=f"d{number % 20}",
                intent=f"i{number}",
                has_entities=[f"e{number % 7}"],
            )
    request = Request(domain="d0", intent="i0", entities=[{"type": "e0"}, {"type": "e1"}])
    assert few.choose(request).dialogue_state == many.choose(request).dialogue_state == "s0"
    cost = {
        name: min(timeit.repeat(lambda it=manager: it.choose(request), number=200, repeat=5))
        for name, manager in (("few", few), ("many", many))
    }
    assert cost["many"] < 20 * cost["few"]
