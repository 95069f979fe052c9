import pytest

from mm_actions.dialects.rasa.entities import entity_of, rasa_entity_of


@pytest.mark.parametrize(
    ("found", "entity"),
    [
        (
            {"entity": "city", "value": "Rome", "role": "to", "start": 3, "end": 7, "confidence_entity": 0.5},
            {
                "type": "city",
                "role": "to",
                "text": "rome",
                "span": {"start": 3, "end": 6},
                "value": [{"cname": "Rome"}],
                "confidence": 0.5,
            },
        ),
        ({"entity": "n", "value": 5}, {"type": "n", "value": [{"value": 5}]}),
        (
            {"entity": "city", "value": "Rome", "group": "1", "extractor": "DIETClassifier"},
            {"type": "city", "text": "Rome", "value": [{"cname": "Rome"}]},
        ),
    ],
)
def test_an_entity_that_rasa_found_is_said_as_mindmeld_does_and_comes_back_as_it_was(found, entity):
    ours = entity_of(found, "to rome")
    assert ours == {**entity, "rasa": found}
    assert rasa_entity_of(ours) == found


@pytest.mark.parametrize(
    "entity",
    [
        {},
        {"type": "t", "text": "x", "span": {"start": 0}},
        {"type": "t", "text": "x", "span": {"start": None, "end": 4}, "children": [{"type": "c"}]},
        {"type": "t", "span": None, "value": [], "role": "r", "confidence": 0.0},
    ],
)
def test_an_entity_of_mindmeld_comes_back_from_rasa_as_it_was(entity):
    assert entity_of(rasa_entity_of(entity), None) == entity


def test_the_end_of_a_span_is_the_last_character_here_and_the_one_after_it_there():
    assert rasa_entity_of({"type": "t", "span": {"start": 2, "end": 2}})["end"] == 3
    assert entity_of({"entity": "t", "start": 2, "end": 3}, "abcd")["text"] == "c"
