from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mm_actions.nlp.markup import parse
from mm_actions.nlp.words import phrase_of
from nlp.said import COFFEE_SHOP, HELD_OUT, NOT_FOR_A_COFFEE_SHOP

if TYPE_CHECKING:
    from mm_actions.nlp import ExamplesNlp

# Friday, 2026-11-20, 11:00 UTC
FRIDAY = 1_795_172_400_000


def _training() -> list[tuple[str, str]]:
    return [
        (f"{file.parent.parent.name}.{file.parent.name}", line)
        for file in sorted(COFFEE_SHOP.glob("domains/*/*/train.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]


def test_nine_of_ten_sentences_that_are_no_training_sentences_get_their_intent(coffee_shop):
    wrong = [
        (said.text, said.intent, found)
        for said in HELD_OUT
        if (found := _intent(coffee_shop, said.text)) != said.intent
    ]
    assert len(HELD_OUT) >= 70
    assert len(wrong) <= len(HELD_OUT) / 10, wrong


@pytest.mark.parametrize("said", [said for said in HELD_OUT if said.entities], ids=lambda said: said.text)
def test_entities_are_found_and_resolved(coffee_shop, said):
    entities = coffee_shop.process(said.text, timestamp=FRIDAY)["entities"]
    found = [
        (entity["text"], entity["type"], str(value.get("cname", value.get("value"))))
        for entity in entities
        for value in entity["value"][:1]
    ]
    assert found == list(said.entities)


def test_no_held_out_sentence_is_a_training_sentence():
    training = {phrase_of(parse(line).text) for _, line in _training()}
    assert [s.text for s in HELD_OUT if phrase_of(s.text) in training] == []


def test_what_no_coffee_shop_is_asked_gets_no_intent(coffee_shop):
    assert {text: _intent(coffee_shop, text) for text in NOT_FOR_A_COFFEE_SHOP} == dict.fromkeys(
        NOT_FOR_A_COFFEE_SHOP, "."
    )


def test_every_training_sentence_gets_its_own_intent(coffee_shop):
    wrong = {
        line: found
        for intent, line in _training()
        if (found := _intent(coffee_shop, parse(line).text)) != intent
    }
    assert wrong == {}


def test_every_intent_has_twelve_to_thirty_sentences_and_none_is_said_twice():
    training = _training()
    for intent in {intent for intent, _ in training}:
        assert 12 <= sum(name == intent for name, _ in training) <= 30, intent
    phrases = [phrase_of(parse(line).text) for _, line in training]
    assert len(phrases) == len(set(phrases))


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("swap the mocha for a cortado", "mocha", "cortado"),
        ("make that a cortado instead of the mocha", "mocha", "cortado"),
        ("I'd rather have an iced tea than the cold brew", "cold brew", "iced tea"),
        ("instead of the latte I'll take an americano", "latte", "americano"),
        ("change the chai to a matcha", "chai", "matcha"),
    ],
)
def test_the_role_of_a_drink_is_told_from_the_words_around_it(coffee_shop, text, old, new):
    result = coffee_shop.process(text)
    assert {entity["role"]: entity["text"] for entity in result["entities"]} == {"old": old, "new": new}
    for entity, roles in zip(result["entities"], result["confidences"]["roles"], strict=True):
        assert max(roles, key=roles.get) == entity["role"]


def test_a_bare_answer_is_understood_within_the_allowed_intents(coffee_shop):
    for intent in ("store_info.get_store_hours", "ordering.start_order"):
        result = coffee_shop.process("the hill", allowed_intents=[intent])
        assert f"{result['domain']}.{result['intent']}" == intent
        assert result["entities"][0]["value"][0]["cname"] == "Observatory Hill"


def _intent(nlp: ExamplesNlp, text: str) -> str:
    result = nlp.process(text, timestamp=FRIDAY)
    return f"{result['domain']}.{result['intent']}"
