"""A mock server: which exchange answers, what is refused, and that it is a server like any other."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.testing.exchanges.exchanging import call, put, reply, send, text_of

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.errors import ConfigurationError
from mm_actions.testing.exchanges import Book, MockServer, examples_folder, read_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mm_actions.testing import CertificateAuthority

    Mock = Callable[..., str]

UNCALLABLE = "unicode"  # its action's name holds what no server registers
EXAMPLES = [path for path in sorted(examples_folder().glob("*.json")) if path.stem != UNCALLABLE]


def test_the_same_request_is_answered_by_its_own_exchange(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("greet", "hi", frame={"n": 1}), answer=reply("one"))
    put(tmp_path, "2", request=call("greet", "hi", frame={"n": 2}), answer=reply("two"))
    url = f"{mock()}/action"
    assert text_of(send(url, call("greet", "hi", frame={"n": 2}))) == "two"
    assert text_of(send(url, call("greet", "hi", frame={"n": 1}))) == "one"


def test_the_members_that_tell_calls_apart_come_before_the_action_alone(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("greet", "hi"), answer=reply("first"))
    put(tmp_path, "2", request=call("greet", "hello"), answer=reply("by text"))
    put(tmp_path, "3", request=call("greet", "moin", intent="north"), answer=reply("by intent"))
    by_text = f"{mock()}/action"
    assert text_of(send(by_text, call("greet", "hello", domain="other"))) == "by text"
    assert text_of(send(by_text, call("greet", "something else", intent="north"))) == "first"
    by_intent = f"{mock(match=('request.intent',))}/action"
    assert text_of(send(by_intent, call("greet", "something else", intent="north"))) == "by intent"


def test_an_unknown_request_gets_the_first_success_of_its_action(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("pay", "a"), status=503, answer={"status": 503})
    put(tmp_path, "2", request=call("pay", "b"), status=201, answer=reply("created"))
    put(tmp_path, "3", request=call("pay", "c"), answer=reply("paid"))
    url = f"{mock()}/action"
    assert text_of(send(url, call("pay", "z"))) == "paid"
    assert send(url, call("pay", "a")).status == 503
    assert send(url, call("pay", "b")).status == 201


def test_several_answers_to_one_request_come_in_their_order_and_the_last_one_stays(
    mock: Mock, tmp_path: Path
) -> None:
    for number in range(3):
        put(tmp_path, f"{number}", request=call("count"), answer=reply(str(number)))
    url = f"{mock()}/action"
    assert [text_of(send(url, call("count"))) for _ in range(4)] == ["0", "1", "2", "2"]


def test_a_redacted_member_fits_any_value(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("pay", context={"token": "x", "shop": 2}), answer=reply("other shop"))
    put(tmp_path, "2", request=call("pay", context={"token": "[redacted]", "shop": 1}), answer=reply("shop"))
    url = f"{mock()}/action"
    assert text_of(send(url, call("pay", context={"token": "any", "shop": 1}))) == "shop"


@pytest.fixture(scope="module")
def served_examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, str]]:
    """Serve each example from a folder of its own, beside an exchange that it is not."""
    serving = {example: ExitStack() for example in EXAMPLES}

    def serve(example: Path) -> str:
        folder = tmp_path_factory.mktemp(example.stem)
        put(folder, "1-other", request=call("other"), answer={})
        put(folder, "2-example", **json.loads(example.read_text("utf-8")))
        server = MockServer(Book(read_folder(folder), ("request.text",)))
        return serving[example].enter_context(server.in_thread()).url

    try:
        yield {example: serve(example) for example in EXAMPLES}
    finally:
        with ThreadPoolExecutor(len(EXAMPLES)) as pool:  # each takes its time to stop
            list(pool.map(ExitStack.close, serving.values()))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_of_the_contract_is_answered_as_it_says(
    served_examples: dict[Path, str], example: Path
) -> None:
    said = json.loads(example.read_text("utf-8"))
    found = send(f"{served_examples[example]}/action", said["request"])
    assert found.status == said["status"]
    if found.status in {400, 404}:  # of its own accord
        assert found.json["type"] == said["answer"]["type"]
        return
    assert (found.json if found.body else None) == said.get("answer")
    for name, value in said.get("headers", {}).items():
        assert found.headers[name.lower()] == value


def test_what_does_not_match_the_contract_is_refused_by_its_member(mock: Mock) -> None:
    url = f"{mock(examples_folder())}/action"
    wrong = send(url, {"action": "action_greet", "request": {"text": 5}})
    assert wrong.status == 400
    assert wrong.json["errors"][0]["pointer"] == "/request/text"
    assert send(url, {"request": {}}).json["errors"] == [{"pointer": "/action", "detail": "is required"}]
    assert send(url, b"{nonsense").status == 400
    assert send(url, {"action": "nobody_knows"}).status == 404
    assert send(url, b"action=a", headers={"Content-Type": "text/plain"}).status == 415


def test_unknown_members_are_passed_over_unless_it_is_strict(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("greet"), answer=reply("hi"))
    odd = call(
        "greet", "hi", txet="misspelt", entities=[{"text": "a", "valeu": 1}], frame={"any": {"thing": 1}}
    )
    assert send(f"{mock()}/action", odd).status == 200
    strict = f"{mock(strict=True)}/action"
    assert send(strict, call("greet", "hi", frame={"any": {"thing": 1}})).status == 200
    refused = send(strict, odd)
    assert refused.status == 400
    assert [reason["pointer"] for reason in refused.json["errors"]] == [
        "/request/txet",
        "/request/entities/0/valeu",
    ]


def test_it_lists_its_actions_and_says_how_it_is(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("greet"), answer=reply("hi"))
    put(tmp_path, "2", request=call("fail"), status=500, answer={"title": "no"})
    put(tmp_path, "3", method="GET", path="/healthz", answer={"status": "pass"})
    url = mock()
    listed = {action["name"]: action for action in send(f"{url}/actions", method="GET").json["actions"]}
    assert {name: action["idempotent"] for name, action in listed.items()} == {"greet": True, "fail": False}
    assert listed["greet"]["description"] == "Answered from 1 exchange"
    assert send(f"{url}/healthz", method="GET").json == {"status": "pass"}
    assert send(f"{url}/readyz", method="GET").status == 200


def test_an_answer_that_is_no_json_is_given_as_it_was(mock: Mock, tmp_path: Path) -> None:
    page = {"headers": {"Content-Type": "text/html", "X-Proxy": "old"}, "answer_text": "<p>Bad gateway</p>"}
    put(tmp_path, "1", request=call("greet"), status=502, **page)
    found = send(f"{mock()}/action", call("greet"))
    assert (found.status, found.body, found.headers["content-type"]) == (
        502,
        b"<p>Bad gateway</p>",
        "text/html",
    )
    assert found.headers["x-proxy"] == "old"


def test_a_stream_brings_the_directives_one_by_one(mock: Mock, tmp_path: Path) -> None:
    answer = {"directives": [*reply("one")["directives"], *reply("two")["directives"]], "slots": {"s": 1}}
    put(tmp_path, "1", request=call("talk"), answer=answer)
    responder = DialogueResponder()
    with CustomAction("talk", {"url": f"{mock()}/action"}).stream(Request(text="x"), responder) as directives:
        heard = [directive["payload"]["text"] for directive in directives]
    assert heard == ["one", "two"]
    assert responder.slots == {"s": 1}


def test_each_directive_of_a_stream_leaves_before_the_next_is_due(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("talk"), answer=reply("one"))
    url = mock(pace=0.2)
    found = send(f"{url}/action/stream", call("talk"))
    events = [json.loads(line) for line in found.body.splitlines()]
    assert [event["event"] for event in events] == ["directive", "result"]
    assert events[1]["responder"] == reply("one")
    assert "transfer-encoding" in found.headers  # it began before its end was known


def test_what_was_recorded_of_a_stream_answers_plain_calls_too(mock: Mock, tmp_path: Path) -> None:
    good = [{"event": "ping"}, {"event": "result", "responder": reply("done")}]
    bad = [{"event": "error", "problem": {"status": 503, "title": "Busy"}}]
    put(tmp_path, "1", path="/action/stream", request=call("good"), events=good)
    put(tmp_path, "2", path="/action/stream", request=call("bad"), events=bad)
    put(tmp_path, "3", path="/action/stream", request=call("cut"), events=good[:1])
    url = f"{mock()}/action"
    assert text_of(send(url, call("good"))) == "done"
    assert send(url, call("bad")).status == 503
    assert send(f"{url}/stream", call("bad")).json["title"] == "Busy"
    assert send(url, call("cut")).status == 404


def test_a_repeated_key_is_answered_with_the_same_answer(mock: Mock, tmp_path: Path) -> None:
    for number in range(2):
        put(tmp_path, f"{number}", request=call("count"), answer=reply(str(number)))
    url, key = f"{mock()}/action", {"Idempotency-Key": "k1"}
    assert [text_of(send(url, call("count"), headers=key)) for _ in range(2)] == ["0", "0"]
    assert text_of(send(url, call("count"))) == "1"


def test_our_client_is_content_over_mutual_tls(ca: CertificateAuthority, tmp_path: Path, mock: Mock) -> None:
    put(tmp_path, "1", request=call("greet"), answer=reply("hi"))
    server, client = ca.server(), ca.client()
    files = {"tls_cert": server.certificate, "tls_key": server.private_key, "client_ca": ca.certificate}
    shown = {"cert": client.ca, "public_key": client.certificate, "private_key": client.private_key}
    with MockServer(Book(read_folder(tmp_path))).in_thread(**files) as running:
        url = running.url.replace("127.0.0.1", "localhost")
        responder = DialogueResponder()
        result = CustomAction("greet", {"url": f"{url}/action", **shown}).invoke(Request(), responder)
        assert result, result.error
        assert responder.directives[0]["payload"]["text"] == "hi"
        refused = CustomAction("greet", {"url": f"{url}/action", "cert": client.ca})
        assert refused.invoke(Request(), DialogueResponder()).kind != "ok"
        close_endpoints()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", "{", "a.json is no exchange: not valid JSON"),
        ("a.json", '{"status": "200"}', "/status"),
        ("a.json", '{"status": 99}', "99 is no status"),
        ("a.json", '{"method": "GET"}', "none of the exchanges is a whole call"),
        ("a.txt", "{}", "has no exchanges"),
    ],
)
def test_a_folder_that_cannot_be_served_is_told_with_its_file(
    tmp_path: Path, name: str, content: str, told: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told):
        Book(read_folder(tmp_path))
    with pytest.raises(ConfigurationError, match="nowhere cannot be read: No such file"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"'a\.\.b' names no member"):
        Book([], ("a..b",))


def test_members_in_arrays_and_under_any_name_tell_calls_apart(mock: Mock, tmp_path: Path) -> None:
    for kind in ("latte", "mocha"):
        entities = [{"type": "drink", "value": [{"cname": kind}]}]
        put(tmp_path, kind, request=call("order", entities=entities), answer=reply(kind))
    url = f"{mock(match=('request.entities.*.cname',))}/action"
    asked = call("order", "other words", entities=[{"type": "drink", "value": [{"cname": "mocha"}]}])
    assert text_of(send(url, asked)) == "mocha"
    assert text_of(send(url, call("order", "nothing"))) == "latte"


def test_what_is_no_responder_is_not_streamed(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("page"), answer_text="<p>")
    put(tmp_path, "2", request=call("nothing"), status=204)
    put(tmp_path, "3", request=call("null"), answer={"directives": None, "frame": None})
    url = f"{mock()}/action/stream"
    assert send(url, call("page")).status == 501
    assert json.loads(send(url, call("nothing")).body) == {"event": "result", "responder": {}}
    assert json.loads(send(url, call("null")).body) == {"event": "result", "responder": {"frame": None}}


def test_a_pace_beyond_the_callers_patience_ends_the_stream_with_an_error(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("talk"), answer=reply("one"))
    found = send(f"{mock(pace=30)}/action/stream", call("talk"), headers={"X-MM-Timeout-Ms": "50"})
    assert (found.status, found.json["type"]) == (504, "urn:mm-actions:problem:timeout")


def test_a_caller_that_leaves_ends_its_stream(mock: Mock, tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("talk"), answer={"directives": reply("one")["directives"] * 3})
    url = mock(pace=0.05)
    with CustomAction("talk", {"url": f"{url}/action"}).stream(Request(), DialogueResponder()) as directives:
        next(directives)
    assert send(f"{url}/readyz", method="GET").status == 200


def test_a_mock_server_can_be_served_again(tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("greet"), answer=reply("hi"))
    server = MockServer(Book(read_folder(tmp_path)))
    for _ in range(2):
        with server.in_thread() as running:
            assert text_of(send(f"{running.url}/action", call("greet"))) == "hi"
