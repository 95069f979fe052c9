"""Results of tools to answers of actions, and back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_actions.dialects.mcp.results import answer_of, failure_of, message_of, result_of, text_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TEXT = st.builds(lambda text: {"type": "text", "text": text}, st.text(max_size=20))
IMAGE = st.just({"type": "image", "data": "aGk=", "mimeType": "image/png", "annotations": {"priority": 1}})
LINK = st.just({"type": "resource_link", "uri": "file:///a", "name": "a"})


@given(st.lists(TEXT | IMAGE | LINK, max_size=4), st.dictionaries(st.text(max_size=8), JSON, max_size=3))
def test_no_content_is_lost(content: list[dict[str, Any]], structured: dict[str, Any]) -> None:
    answer = answer_of({"content": content, "structuredContent": structured})
    directives = answer.directives or []
    kept = [each["payload"] for each in directives if each["name"] == "structured_content"]
    assert kept == [structured]
    others = [
        {"type": "text" if each["name"] == "reply" else each["name"], **each["payload"]}
        for each in directives
        if each["name"] != "structured_content"
    ]
    assert [block for block in content if block["type"] != "text"] == [
        block for block in others if block["type"] != "text"
    ]
    for block in content:
        assert block in others or msgspec.json.decode(block["text"]) in (structured, structured.get("result"))
    assert (answer.slots or {}) == structured


@given(st.lists(TEXT | IMAGE | LINK, min_size=1, max_size=4))
def test_content_that_came_from_a_tool_goes_back_as_what_it_was(content: list[dict[str, Any]]) -> None:
    answer = answer_of({"content": content})
    assert result_of(msgspec.to_builtins(answer))["content"] == content


@pytest.mark.parametrize(
    ("text", "structured", "shown"),
    [
        ('{"a": 1}', {"a": 1}, False),
        ('{ "a" : 2 }', {"a": 1}, True),
        ('{"b": 2}', {"result": [{"b": 2}]}, False),
        ("5", {"result": 5}, True),
        ("tea", {"result": "tea"}, True),
    ],
)
def test_a_text_that_only_repeats_the_structured_content_is_no_reply(
    text: str, structured: Any, shown: bool
) -> None:
    answer = answer_of({"content": [{"type": "text", "text": text}], "structuredContent": structured})
    assert [each["name"] for each in answer.directives or ()] == [
        *(["reply"] if shown else []),
        "structured_content",
    ]


def test_what_is_no_text_is_told_as_json_too() -> None:
    listen = {"name": "listen", "type": "action"}
    made = result_of({"directives": [listen], "slots": {"a": 1}, "frame": {}, "params": {}})
    assert msgspec.json.decode(made["content"][0]["text"]) == {"directives": [listen], "slots": {"a": 1}}
    assert made["structuredContent"] == {"directives": [listen], "slots": {"a": 1}}


def test_an_action_that_says_nothing_is_done() -> None:
    assert result_of({"directives": []})["content"] == [{"type": "text", "text": "Done."}]


def test_a_failure_says_what_the_caller_may_know() -> None:
    made = failure_of({"title": "No", "detail": "not now", "errors": [{"detail": "closed"}], "status": 409})
    assert made["isError"]
    assert made["content"][0]["text"] == "No\nnot now\nclosed"


def test_words_of_a_server_are_bounded_and_printable() -> None:
    result = {"content": [{"type": "text", "text": "a\x1b[2J\nb"}, {"type": "image"}]}
    assert text_of(result, 100) == "a?[2J b"
    assert text_of({"content": [{"type": "text", "text": "x" * 50}]}, 10) == "x" * 9 + "…"


def test_progress_says_a_reply_as_it_is_and_the_rest_as_json() -> None:
    assert message_of({"name": "reply", "payload": {"text": "hi"}}, 100) == "hi"
    assert message_of({"name": "listen"}, 100) == '{"name": "listen"}'
