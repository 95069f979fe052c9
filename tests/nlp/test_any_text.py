from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mm_actions.nlp import ExamplesNlp
from nlp.said import COFFEE_SHOP

NLP = ExamplesNlp(COFFEE_SHOP)
KNOWN = [
    *("two", "large", "oat", "lattes", "and", "3", "flat", "whites", "at", "7am", "tomorrow", "for", "$5"),
    *("the", "old", "mill", "please", "swap", "mocha", "lantern", "street", "2.5", "noon", "o'clock"),
    *("afternoon", "\u0130stanbul", "stra\u00dfe", "\ufb01lter", "\u017funday"),
]

texts = st.one_of(
    st.text(),
    st.lists(st.one_of(st.sampled_from(KNOWN), st.text(max_size=4))).map(" ".join),
    st.lists(st.sampled_from(KNOWN), min_size=1).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(text=texts, timestamp=st.none() | st.integers(), zone=st.none() | st.text())
def test_any_text_is_answered_and_spans_index_the_text_without_overlap(text, timestamp, zone):
    result = NLP.process(text, timestamp=timestamp, time_zone=zone)
    assert result["text"] == text
    covered = -1
    for entity in result["entities"]:
        span = entity["span"]
        assert entity["text"] == text[span["start"] : span["end"] + 1]
        assert span["start"] > covered
        assert entity["text"] == entity["text"].strip() != ""
        assert 0 <= entity["confidence"] <= 1
        covered = span["end"]
    assert bool(result["domain"]) == bool(result["intent"])
    for shares in (result["confidences"]["domains"], result["confidences"]["intents"]):
        assert all(0 <= share <= 1 for share in shares.values())


@settings(max_examples=100, deadline=None)
@given(text=texts)
def test_the_same_text_gives_the_same_result(text):
    first = NLP.process(text, timestamp=1_795_172_400_000)
    assert ExamplesNlp.process(NLP, text, timestamp=1_795_172_400_000) == first


@settings(max_examples=100, deadline=None)
@given(text=texts, names=st.dictionaries(st.text(), st.floats()))
def test_any_dynamic_gazetteer_is_taken(text, names):
    result = NLP.process(text, dynamic_resource={"gazetteers": {"drink": names}})
    for entity in result["entities"]:
        assert entity["text"] == text[entity["span"]["start"] : entity["span"]["end"] + 1]


def test_a_very_long_text_is_answered_within_its_first_hundred_words():
    long = "a latte please " * 5000
    result = NLP.process(long, allowed_intents=["ordering.add_to_order"])
    # 33 lattes are in 99 words, and the 100th is an "a".
    assert [entity["text"] for entity in result["entities"]] == ["latte"] * 33
