"""What a request holds byte for byte, and what answers of servers that misbehave come to."""

from __future__ import annotations

import json
import zlib

import pytest

from mm_actions import DialogueResponder, Request
from mm_actions.errors import ActionNotFound, BadAnswer, DomainMissing, RequestRefused, Sent, ServerFailed
from mm_actions.testing import Answer, Close, Hang, InOrder, ReadRequest, Reset, Send

TURN = Request(text="hi", context={"sender_id": "u1"})
NOTHING = {"events": [], "responses": []}
MISSING = Answer(449, json={"error": "Missing domain context", "action_name": "action_hello"})


def settings_for(server, engine, **rasa):
    return {"url": f"rasa+{server.url}/webhook", "engine": engine, "rasa": rasa}


def test_the_domain_is_named_first_and_sent_when_the_server_asks_for_it(
    invoke, engine, mm_fault_server, tmp_path
):
    domain = tmp_path / "domain.yml"
    domain.write_text("intents: [greet]\n")
    server = mm_fault_server(InOrder(MISSING, Answer(json=NOTHING)))
    assert invoke("action_hello", settings_for(server, engine, domain=str(domain)), TURN).attempts == 1
    first, second = (request.json() for request in server.requests)
    assert "domain" not in first
    assert second["domain"]["intents"] == ["greet"]
    assert first["domain_digest"] == second["domain_digest"]
    del second["domain"]
    assert first == second


def test_a_server_that_asks_for_the_domain_twice_is_not_sent_it_twice(invoke, engine, mm_fault_server):
    server = mm_fault_server(MISSING)
    responder = DialogueResponder(frame={"a": 1})
    result = invoke("action_hello", settings_for(server, engine), TURN, responder)
    assert type(result.error) is DomainMissing
    assert (len(server.requests), responder.frame) == (2, {"a": 1})
    assert "domain.yml" in str(result.error)


def test_an_action_that_needs_no_domain_is_sent_an_empty_one_at_once(invoke, engine, mm_fault_server):
    server = mm_fault_server(Answer(json=NOTHING))
    assert invoke("action_hello", settings_for(server, engine, send=["slots"]), TURN)
    sent = server.requests[0].json()
    assert (sent["domain"], sent["domain_digest"], sent["tracker"]["events"]) == ({}, None, [])


def test_only_actions_that_the_domain_names_are_sent_it_when_it_is_selective(
    invoke, engine, mm_fault_server, tmp_path
):
    domain = tmp_path / "domain.yml"
    domain.write_text("actions: [action_plain, {action_hello: {send_domain: true}}]\n")
    server = mm_fault_server(Answer(json=NOTHING))
    settings = settings_for(server, engine, domain=str(domain), selective_domain=True)
    assert invoke("action_plain", settings, TURN)
    assert invoke("action_hello", settings, TURN)
    plain, hello = (request.json() for request in server.requests)
    assert (plain["domain"], plain["domain_digest"]) == ({}, None)
    assert "domain" not in hello
    assert hello["domain_digest"]


def test_token_headers_credentials_and_trace_travel(invoke, engine, mm_fault_server):
    server = mm_fault_server(Answer(json=NOTHING))
    settings = settings_for(server, engine, token="a&b", params={"tenant": "acme"})
    settings |= {"headers": {"X-Tenant": "acme"}, "auth": {"basic": {"username": "u", "password": "p"}}}
    result = invoke("action_hello", settings, TURN)
    request = server.requests[0]
    assert request.path == "/webhook?tenant=acme&token=a%26b"
    headers = request.headers
    assert headers["x-tenant"] == "acme"
    assert headers["authorization"] == "Basic dTpw"
    assert headers["content-type"] == "application/json"
    assert headers["traceparent"].split("-")[1] == result.trace_id


def test_a_compressed_request_is_a_zlib_stream_and_signed_as_it_travels(invoke, engine, mm_fault_server):
    server = mm_fault_server(Answer(json=NOTHING))
    settings = settings_for(server, engine, compress=True) | {"auth": {"hmac": "secret"}}
    assert invoke("action_hello", settings, TURN)
    request = server.requests[0]
    headers = request.headers
    assert headers["content-encoding"] == "deflate"
    assert headers["x-mm-signature"].startswith("t=")
    assert json.loads(zlib.decompress(request.body))["next_action"] == "action_hello"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(400, json={"description": "Bad Request", "status": 400}), RequestRefused),
        (Answer(400, json=["action_name"]), RequestRefused),
        (Answer(400, body=b"[" * 100_000), RequestRefused),
        (Answer(404, json={"error": "No", "action_name": "action_hello"}), ActionNotFound),
        (Answer(500, json={"error": "hunter2", "request_body": {"tracker": "hunter2"}}), ServerFailed),
        (Answer(200, body=b"hunter2"), BadAnswer),
        (Answer(200, json={"events": "hunter2"}), BadAnswer),
        (Answer(200, json={"events": [], "responses": [["hunter2"]]}), BadAnswer),
        (Answer(200, json={"events": [{"name": "hunter2"}]}), BadAnswer),
        (Answer(200, body=b'{"events": [], "responses": [{"text": NaN}]}'), BadAnswer),
        (Answer(200, body=b"<html>", headers={"Content-Type": "text/html"}), BadAnswer),
        (Answer(200, json={"responses": [{"text": "x" * 2000}]}), BadAnswer),
    ],
)
def test_a_wrong_answer_is_one_typed_error_that_repeats_nothing_of_it(
    invoke, engine, mm_fault_server, answer, error
):
    server = mm_fault_server(answer)
    responder = DialogueResponder(frame={"a": 1})
    settings = settings_for(server, engine) | {"max_response_bytes": 1000, "retries": 0}
    if answer.status != 200:
        del settings["max_response_bytes"]
    result = invoke("action_hello", settings, TURN, responder)
    assert isinstance(result.error, error)
    assert result.error.sent is Sent.YES
    assert "hunter2" not in str(result.error)
    assert (responder.frame, responder.directives, responder.slots) == ({"a": 1}, [], {})


@pytest.mark.parametrize("body", [Answer(204), Answer(200, json=None), Answer(200, json={})])
def test_an_answer_that_says_nothing_changes_nothing_but_what_the_tracker_would_note(
    invoke, engine, mm_fault_server, body
):
    responder = DialogueResponder(frame={"a": 1})
    assert invoke("action_hello", settings_for(mm_fault_server(body), engine), TURN, responder)
    assert (responder.frame["a"], responder.directives, responder.slots) == (1, [], {})


@pytest.mark.parametrize(
    ("steps", "kind", "sent"),
    [
        ([ReadRequest(), Hang()], "deadline-exceeded", Sent.YES),
        ([ReadRequest(), Reset()], "connection-lost", Sent.MAYBE),
        ([ReadRequest(), Send(Answer(json=NOTHING).wire()[:-5]), Close()], "response-aborted", Sent.YES),
    ],
)
def test_a_broken_exchange_says_how_far_it_came(invoke, engine, mm_fault_server, steps, kind, sent):
    settings = settings_for(mm_fault_server(steps), engine) | {"timeout": 0.4, "retries": 0}
    result = invoke("action_hello", settings, TURN)
    assert (result.kind, result.error.sent) == (kind, sent)


def test_a_server_that_is_not_there_was_not_sent_anything(invoke, engine, mm_fault_server):
    server = mm_fault_server(Hang())
    settings = settings_for(server, engine)
    server.close()
    result = invoke("action_hello", settings, TURN)
    assert (result.kind, result.error.sent) == ("connect-failed", Sent.NO)


def lines(*events):
    body = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    return Answer(
        body=body, headers={"Content-Type": "application/x-ndjson"}, framing="chunked", chunk_size=7
    )


START = {"event": "chunk_start", "chunk_start": {"response_id": "r"}}
CHUNK = {"event": "chunk", "chunk": {"response_id": "r", "text": "word"}}
END = {"event": "chunk_end", "chunk_end": {"response_id": "r"}}
RESULT = {
    "event": "final_result",
    "final_result": {
        "events": [{"event": "slot", "timestamp": None, "name": "a", "value": 1}],
        "responses": [{"text": "done"}],
    },
}


def test_chunks_come_as_directives_and_the_answer_holds_them_all(stream, engine, mm_fault_server):
    server = mm_fault_server(InOrder(MISSING, lines(START, CHUNK, END, {"event": "ping"}, RESULT)))
    responder = DialogueResponder()
    directives, result = stream("action_stream", settings_for(server, engine), TURN, responder)
    assert [each["name"] for each in directives] == ["chunk_start", "chunk", "chunk_end", "reply"]
    assert (directives[1]["type"], directives[1]["payload"]["text"]) == ("stream", "word")
    assert result
    assert responder.directives == directives
    assert responder.slots == {"a": 1}
    assert [request.json().get("domain") is None for request in server.requests] == [True, False]


def test_a_server_without_streams_answers_in_one_piece(stream, engine, peer):
    responder = DialogueResponder()
    directives, result = stream("action_buttons", {"url": peer.url, "engine": engine}, TURN, responder)
    assert [each["name"] for each in directives] == ["reply", "suggestions"]
    assert result
    assert responder.directives == directives


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        (
            (START, CHUNK, {"event": "error", "error": {"action_name": "a", "message": "hunter2"}}),
            "server-failed",
        ),
        ((START, CHUNK), "response-aborted"),
        ((START, RESULT, CHUNK), "schema-mismatch"),
        ((START, {"event": "chunk", "chunk": "hunter2"}), "schema-mismatch"),
        ((START, {"event": "final_result", "final_result": {"events": [1]}}), "schema-mismatch"),
    ],
)
def test_a_stream_that_goes_wrong_merges_nothing(stream, engine, mm_fault_server, events, kind):
    responder = DialogueResponder(frame={"a": 2})
    settings = settings_for(mm_fault_server(lines(*events)), engine)
    directives, result = stream("action_stream", settings, TURN, responder)
    assert directives[0]["name"] == "chunk_start"
    assert result.kind == kind
    assert "hunter2" not in str(result.error)
    assert (responder.frame, responder.directives) == ({"a": 2}, [])


@pytest.mark.parametrize(
    ("action", "kind"),
    [("action_reject", "rejected"), ("action_none", "action-not-found"), ("action_crash", "server-failed")],
)
def test_a_streamed_call_of_a_real_server_fails_as_any_other(stream, engine, peer, action, kind):
    directives, result = stream(action, {"url": peer.url, "engine": engine}, TURN)
    assert (directives, result.kind) == ([], kind)
