from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone

import pytest

from mm_actions.nlp import ExamplesNlp, Nlp

# Friday, 2026-11-20, 11:00 UTC
FRIDAY = 1_795_172_400_000


def test_the_result_has_the_shape_of_mindmelds(tea_house):
    result = tea_house.process("bring me a green tea")
    assert (result["text"], result["domain"], result["intent"]) == ("bring me a green tea", "tea", "order")
    assert result["entities"] == [
        {
            "text": "green tea",
            "type": "tea",
            "role": None,
            "value": [{"cname": "sencha", "id": "7", "score": 1.0, "top_synonym": "green tea"}],
            "display_text": "green tea",
            "confidence": 1.0,
            "span": {"start": 11, "end": 19},
        }
    ]
    confidences = result["confidences"]
    assert set(confidences) == {"domains", "intents", "entities", "roles"}
    assert set(confidences["domains"]) == {"tea", "visit"}
    assert set(confidences["intents"]) == {"order", "swap", "brew"}
    for shares in (confidences["domains"], confidences["intents"]):
        assert sum(shares.values()) == pytest.approx(1, abs=0.001)
    assert max(confidences["domains"], key=confidences["domains"].get) == "tea"
    assert confidences["entities"] == [{"tea": 1.0}]
    assert confidences["roles"] == [None]
    assert json.loads(json.dumps(result)) == result


def test_it_is_an_nlp(tea_house):
    assert isinstance(tea_house, Nlp)


def test_the_intents_are_listed(tea_house):
    assert tea_house.intents == ("tea.brew", "tea.order", "tea.swap", "visit.opening", "visit.tip")


def test_a_name_of_the_gazetteer_fits_where_another_was_marked(tea_house):
    [entity] = tea_house.process("bring me a genmaicha")["entities"]
    assert entity["value"] == [{"cname": "genmaicha", "score": 1.0, "top_synonym": "genmaicha"}]


def test_a_slip_of_the_keyboard_is_forgiven_and_lowers_the_confidence(tea_house):
    result = tea_house.process("brign me a genmiacha")
    [entity] = result["entities"]
    assert result["intent"] == "order"
    assert (entity["text"], entity["value"][0]["cname"]) == ("genmiacha", "genmaicha")
    assert 0.84 <= entity["confidence"] < 1


def test_capitals_and_punctuation_do_not_matter(tea_house):
    result = tea_house.process("  BRING me... a GREEN   tea!!")
    assert result["intent"] == "order"
    assert result["entities"][0]["text"] == "GREEN   tea"
    assert result["entities"][0]["value"][0]["cname"] == "sencha"


def test_an_ambiguous_name_lists_its_candidates_the_popular_one_first(tea_house):
    [entity] = tea_house.process("bring me a bush tea")["entities"]
    assert [value["cname"] for value in entity["value"]] == ["rooibos", "honeybush"]


def test_an_intent_has_only_entities_of_the_types_its_sentences_mark(tea_house):
    result = tea_house.process("when do you open green tea")
    assert (result["intent"], result["entities"]) == ("opening", [])


def test_words_that_fit_nothing_get_no_intent_unless_the_threshold_is_zero(tea_house, write_app):
    assert tea_house.process("quantum chromodynamics")["intent"] == ""
    assert tea_house.process("quantum chromodynamics")["domain"] == ""
    assert ExamplesNlp(write_app(), threshold=0).process("quantum chromodynamics")["intent"] != ""


@pytest.mark.parametrize("text", ["", " ", "?!", "\n\t", "\ud83c\udf75"])
def test_a_text_without_words_is_not_understood(tea_house, text):
    result = tea_house.process(text, allowed_intents=["tea.*"])
    assert (result["domain"], result["intent"], result["entities"]) == ("", "", [])


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (["tea.brew"], "tea.brew"),
        (("visit.opening",), "visit.opening"),
        (["tea.*"], "tea.order"),
        (["tea"], "tea.order"),
        (["visit.*", "tea.brew"], None),
        (["nowhere.*"], "tea.order"),
        (["tea.nothing", "tea.brew"], "tea.brew"),
        ([], "tea.order"),
    ],
)
def test_allowed_intents_restrict_the_result(tea_house, allowed, expected):
    result = tea_house.process("bring me a sencha", allowed_intents=allowed)
    intent = f"{result['domain']}.{result['intent']}"
    if expected is None:
        assert intent in {"visit.opening", "visit.tip", "tea.brew"}
        assert set(result["confidences"]["domains"]) == {"visit", "tea"}
    else:
        assert intent == expected


def test_an_unknown_allowed_intent_is_logged(tea_house, caplog):
    tea_house.process("bring me a sencha", allowed_intents=["tea.nothing"])
    assert "'tea.nothing' is not one of this app's" in caplog.text


def test_allow_nlp_restricts_by_its_first_two_parts(tea_house):
    assert tea_house.process("bring me a sencha", allow_nlp=["tea.swap.tea.old"])["intent"] == "swap"


def test_a_dynamic_gazetteer_is_known_for_one_turn(tea_house):
    assert tea_house.process("bring me a darjeeling")["entities"] == []
    dynamic = {"gazetteers": {"tea": {"Darjeeling": 3.0}}}
    result = tea_house.process("bring me a darjeling", dynamic_resource=dynamic)
    assert result["intent"] == "order"
    assert result["entities"][0]["value"][0]["cname"] == "Darjeeling"
    assert tea_house.process("bring me a darjeeling")["entities"] == []


def test_a_dynamic_gazetteer_makes_a_known_name_more_popular(tea_house):
    dynamic = {"gazetteers": {"tea": {"honeybush": 99}}}
    [entity] = tea_house.process("bring me a bush tea", dynamic_resource=dynamic)["entities"]
    assert [value["cname"] for value in entity["value"]] == ["honeybush", "rooibos"]


@pytest.mark.parametrize(
    "dynamic",
    [
        None,
        {},
        {"gazetteers": None},
        {"gazetteers": ["tea"]},
        {"gazetteers": {"tea": ["x"]}},
        {"gazetteers": {"tea": {"x": "many"}}},
        {"gazetteers": {"tea": {1: 1.0}}},
        {"gazetteers": {"unused": {"?": 1, "x": 2}}},
    ],
)
def test_a_dynamic_resource_of_another_shape_changes_nothing(tea_house, dynamic):
    text = "bring me a sencha"
    assert tea_house.process(text, dynamic_resource=dynamic) == tea_house.process(text)


def test_the_arguments_of_mindmelds_process_are_accepted(tea_house):
    result = tea_house.process(
        query_text="bring me a sencha",
        allowed_nlp_classes=None,
        allowed_intents=None,
        locale="en_GB",
        language="en",
        time_zone="Europe/London",
        timestamp=FRIDAY,
        dynamic_resource=None,
        verbose=True,
    )
    assert result["intent"] == "order"


@pytest.mark.parametrize(
    ("said", "span", "value", "grain"),
    [
        ("today", "today", "2026-11-20T00:00:00.000+00:00", "day"),
        ("tonight", "tonight", "2026-11-20T18:00:00.000+00:00", "hour"),
        ("on Friday", "Friday", "2026-11-27T00:00:00.000+00:00", "day"),
        ("saturday", "saturday", "2026-11-21T00:00:00.000+00:00", "day"),
        ("7am", "7am", "2026-11-21T07:00:00.000+00:00", "hour"),
        ("12 pm", "12 pm", "2026-11-20T12:00:00.000+00:00", "hour"),
        ("at 18:30", "18:30", "2026-11-20T18:30:00.000+00:00", "minute"),
        ("at noon", "noon", "2026-11-20T12:00:00.000+00:00", "hour"),
        ("at midnight", "midnight", "2026-11-21T00:00:00.000+00:00", "hour"),
        ("at 9", "at 9", "2026-11-21T09:00:00.000+00:00", "hour"),
        ("tomorrow at 9", "tomorrow at 9", "2026-11-21T09:00:00.000+00:00", "hour"),
        ("sunday 7:15 pm", "sunday 7:15 pm", "2026-11-22T19:15:00.000+00:00", "minute"),
        ("5 o'clock tomorrow", "5 o'clock tomorrow", "2026-11-21T05:00:00.000+00:00", "hour"),
    ],
)
def test_simple_times_are_understood(tea_house, said, span, value, grain):
    result = tea_house.process(f"are you open {said}", timestamp=FRIDAY)
    assert result["intent"] == "opening"
    assert [(e["text"], e["type"], e["value"]) for e in result["entities"]] == [
        (span, "sys_time", [{"value": value, "grain": grain}])
    ]


@pytest.mark.parametrize("text", ["are you open this afternoon", "are you open x7am", "are you open x1 pm"])
def test_a_time_is_whole_words(tea_house, text):
    assert tea_house.process(text, timestamp=FRIDAY)["entities"] == []


@pytest.mark.parametrize("zone", ["America/New_York", timezone(timedelta(hours=-5))])
def test_today_is_the_day_of_the_time_zone(tea_house, zone):
    # In New York it is still the day before.
    just_after_midnight_utc = FRIDAY // 1000 - 10 * 3600
    [entity] = tea_house.process("are you open today", timestamp=just_after_midnight_utc, time_zone=zone)[
        "entities"
    ]
    assert entity["value"][0]["value"] == "2026-11-19T00:00:00.000-05:00"


@pytest.mark.parametrize("timestamp", [None, -1, 0, 10**30, "soon"])
@pytest.mark.parametrize("zone", ["Nowhere/Town", "../etc", "", 5])
def test_a_time_that_makes_no_sense_is_now_in_utc(tea_house, timestamp, zone):
    [entity] = tea_house.process("are you open today", timestamp=timestamp, time_zone=zone)["entities"]
    assert entity["value"][0]["value"].endswith("T00:00:00.000+00:00")


def test_no_day_follows_the_last_of_the_calendar(tea_house):
    last_day = 253_402_250_400_000
    assert tea_house.process("are you open tomorrow", timestamp=last_day)["entities"] == []


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("$3", {"value": 3, "unit": "$"}),
        ("$ 2.50", {"value": 2.5, "unit": "$"}),
        ("five dollars", {"value": 5, "unit": "$"}),
        ("3 bucks", {"value": 3, "unit": "$"}),
        ("€4", {"value": 4, "unit": "EUR"}),
        ("2 pounds", {"value": 2, "unit": "GBP"}),
        ("fifty cents", {"value": 50, "unit": "cent"}),
    ],
)
def test_amounts_of_money_are_understood(tea_house, said, value):
    [entity] = tea_house.process(f"leave a tip of {said}")["entities"]
    assert (entity["text"], entity["value"]) == (said, [value])


@pytest.mark.parametrize(("said", "number"), [("two", 2), ("3", 3), ("Twelve", 12), ("a dozen", 12)])
def test_numbers_are_understood_in_words_and_digits(tea_house, said, number):
    entities = tea_house.process(f"{said} cups of sencha")["entities"]
    assert [(e["type"], e["value"][0].get("value")) for e in entities] == [
        ("sys_number", number),
        ("tea", None),
    ]


def test_one_object_serves_many_threads(tea_house):
    texts = ["bring me a sencha", "are you open 7am", "swap the green tea for a rooibos"] * 20
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: tea_house.process(text, timestamp=FRIDAY), texts))
    assert found == [tea_house.process(text, timestamp=FRIDAY) for text in texts]


def test_a_mark_within_a_mark_teaches_both_names(write_app):
    nlp = ExamplesNlp(
        write_app(
            {
                "domains/tea/order/train.txt": "a pot of {{assam|tea} with milk|blend}\na {sencha|tea}\n",
                "domains/tea/set/train.txt": "one set with [{two|sys_number} {matcha|tea}|tea] in it\n",
            }
        )
    )
    assert [e["type"] for e in nlp.process("a pot of assam with milk")["entities"]] == ["blend"]
    assert [e["type"] for e in nlp.process("a pot of assam")["entities"]] == ["tea"]
    entities = nlp.process("one set with two matcha in it")["entities"]
    assert [(e["text"], e["type"]) for e in entities] == [
        ("one", "sys_number"),
        ("two", "sys_number"),
        ("matcha", "tea"),
    ]


def test_a_marked_name_that_no_file_explains_has_no_candidates(write_app):
    nlp = ExamplesNlp(write_app({"domains/tea/order/train.txt": "with a {silver spoon|cutlery}\n"}))
    [entity] = nlp.process("with a silver spoon")["entities"]
    assert (entity["type"], entity["value"]) == ("cutlery", [])
