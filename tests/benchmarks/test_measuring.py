from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from benchmarks.measure import Candidate, Table, Target, interleave
from benchmarks.options import Options
from benchmarks.plot import as_svg
from benchmarks.report import as_json, as_text, missed


def table(**figures):
    return Table(title="A < B", figures={name: {"cpu_us": samples} for name, samples in figures.items()})


def test_each_candidate_warms_up_once_and_then_has_its_turn_once_a_round():
    seen = []

    def noting(name):
        return Candidate(name=name, run=lambda: {"calls": float(len(seen.append(name) or seen))})

    found = interleave("three", [noting(name) for name in "abc"], rounds=4)

    assert seen[:3] == ["a", "b", "c"]
    rounds = [seen[start : start + 3] for start in range(3, len(seen), 3)]
    assert len(rounds) == 4
    assert all(sorted(each) == ["a", "b", "c"] for each in rounds)
    assert len({tuple(each) for each in rounds}) > 1, "the order changes"
    assert [len(found.figures[name]["calls"]) for name in "abc"] == [4, 4, 4]


def test_a_ratio_is_the_median_of_the_ratios_of_each_round():
    found = table(ours=[10.0, 40.0, 12.0], floor=[5.0, 10.0, 4.0])  # 2, 4, 3; the medians' ratio would be 2.4

    assert found.ratio(Target(candidate="ours", reference="floor", figure="cpu_us", most=3)) == 3


def test_a_target_without_a_reference_is_about_the_figure_itself():
    found = table(ours=[10.0, 40.0, 12.0])

    assert found.ratio(Target(candidate="ours", figure="cpu_us", most=11)) == 12


def test_a_target_is_reached_at_its_very_figure_and_missed_beyond_it():
    found = table(ours=[3.0], floor=[1.0])
    found.targets = [Target(candidate="ours", reference="floor", figure="cpu_us", most=3)]
    assert not missed(found)
    assert "ours / floor, cpu_us: 3 (to reach: 3): reached" in as_text(found)

    found.targets = [Target(candidate="ours", reference="floor", figure="cpu_us", most=2.9)]
    assert missed(found)
    assert "ours / floor, cpu_us: 3 (to reach: 2.9): MISSED" in as_text(found)


def test_the_text_shows_median_spread_and_the_ratio_to_the_first_candidate():
    text = as_text(table(floor=[1.0, 2.0, 3.0], ours=[2.0, 4.0, 9.0]))

    assert "cpu_us 2 [1 to 3]" in text
    assert "cpu_us 4 [2 to 9] 2.00x" in text


def test_where_the_first_candidate_has_nothing_to_divide_by_there_is_no_ratio():
    found = table(floor=[0.0, 1.0], ours=[1.0, 1.0])

    assert found.ratio_to_first("ours", "cpu_us") is None
    assert found.ratio_to_first("ours", "p50_us") is None


def test_json_has_every_sample_and_every_target():
    found = table(ours=[3.0, 5.0], floor=[1.0, 1.0])
    found.targets = [Target(candidate="ours", reference="floor", figure="cpu_us", most=3)]

    read = json.loads(json.dumps(as_json(found)))

    assert read["samples"]["ours"]["cpu_us"] == [3.0, 5.0]
    assert read["targets"] == [
        {"candidate": "ours", "reference": "floor", "figure": "cpu_us", "most": 3, "ratio": 4.0}
    ]


def test_a_picture_is_svg_with_a_bar_for_each_candidate():
    drawn = ET.fromstring(as_svg([table(floor=[1.0, 2.0], ours=[2.0, 4.0]), table(nothing=[0.0])]))

    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "A < B: cpu_us" in texts
    assert {"floor", "ours", "nothing"} <= set(texts)
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}rect"))) == 4, "the paper and three bars"


def test_a_share_of_the_calls_is_never_less_than_two():
    assert Options(share=0.1).calls(400) == 40
    assert Options(share=0.001).calls(400) == 2


def test_a_table_about_growth_says_in_a_sentence_what_more_of_it_costs():
    found = table(**{"10 rules": [2.0, 4.0, 2.0], "1,000 rules": [3.0, 5.0, 3.0]})
    found.note, found.growth = "Of every kind.", ("10 rules", "1,000 rules")

    sentence = "Of every kind. 1,000 rules instead of 10 rules: 1.50 times the processor time."
    assert found.remark() == sentence
    assert sentence in as_text(found)
