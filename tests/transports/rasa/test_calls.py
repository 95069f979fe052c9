"""What the actions of a real rasa_sdk server do to a turn, over HTTP."""

from __future__ import annotations

import pytest

from mm_actions import DialogueResponder, Request
from mm_actions.errors import ActionNotFound, ActionRejected, SchemaMismatch, Sent, ServerFailed

TURN = Request(text="hi", intent="greet", context={"sender_id": "u1"})


@pytest.fixture
def settings(peer, engine):
    return {"url": peer.url, "engine": engine}


def names(responder):
    return [(directive["name"], directive.get("payload")) for directive in responder.directives]


def echoed(responder):
    return responder.directives[0]["payload"]


def test_a_text_is_a_reply(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_hello", settings, TURN, responder)
    assert names(responder) == [("reply", {"text": "Hello u1, you said hi"})]


def test_buttons_are_suggestions_after_their_text(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_buttons", settings, TURN, responder)
    assert names(responder) == [
        ("reply", {"text": "Sure?"}),
        (
            "suggestions",
            [
                {"text": "Yes", "payload": "/affirm", "type": "text"},
                {"text": "No", "payload": "/deny", "type": "text"},
            ],
        ),
    ]


def test_a_template_is_left_to_the_application_with_its_variables(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_template", settings, TURN, responder)
    ((name, payload),) = names(responder)
    assert name == "utter"
    assert (payload["response"], payload["name"], payload["count"]) == ("utter_greet", "Bob", 3)


def test_custom_content_images_and_attachments_come_through(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_rich", settings, TURN, responder)
    assert names(responder)[0] == ("custom", {"map": {"zoom": 3}})
    assert [name for name, _ in names(responder)[1:]] == ["image", "attachment"]


def test_slots_are_set_in_the_frame_and_among_the_slots(invoke, settings):
    responder = DialogueResponder(frame={"gone": "soon", "kept": 1})
    assert invoke("action_slots", settings, TURN, responder)
    expected = {"city": "Berlin", "people": 5, "share": 0.5, "cuisines": ["thai", "greek"], "gone": None}
    assert {name: responder.slots[name] for name in expected} == expected
    assert {name: responder.frame[name] for name in expected} == expected
    assert responder.frame["kept"] == 1


def test_all_slots_are_reset_also_those_that_were_not_sent(invoke, settings):
    responder = DialogueResponder(frame={"city": "Berlin"})
    assert invoke("action_reset", {**settings, "rasa": {"send": ["events"]}}, TURN, responder)
    assert responder.frame["city"] is None


def test_a_followup_action_is_kept_for_the_next_call(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_followup", settings, TURN, responder)
    assert responder.frame["rasa"]["followup_action"] == "action_hello"


def test_an_event_without_a_counterpart_is_kept_as_a_directive(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_others", settings, TURN, responder)
    events = [directive for directive in responder.directives if directive["type"] == "event"]
    assert [event["name"] for event in events][-1] == "cancel_reminder"
    assert events[-1]["payload"]["name"] == "tea"
    assert (responder.frame["rasa"]["paused"], responder.frame["rasa"]["active_loop"]["name"]) == (
        True,
        "booking_form",
    )


def test_an_event_of_a_type_that_nobody_knows_is_kept_as_it_is(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_unknown_event", settings, TURN, responder)
    assert [(each["name"], each["type"]) for each in responder.directives] == [("no_such_event", "event")]


@pytest.mark.parametrize(("people", "after"), [(4, 4), ("many", None)])
def test_a_forms_validation_action_judges_the_slot_that_was_just_set(
    invoke, settings, tmp_path, people, after
):
    domain = tmp_path / "domain.yml"
    domain.write_text(
        "intents: [inform]\n"
        "slots: {people: {type: any, mappings: [{type: from_text}]}}\n"
        "forms: {booking_form: {required_slots: [people]}}\n"
    )
    responder = DialogueResponder(
        frame={"rasa": {"active_loop": {"name": "booking_form"}}}, slots={"people": people}
    )
    settings = {**settings, "rasa": {"domain": str(domain)}}
    assert invoke("validate_booking_form", settings, TURN, responder)
    assert responder.slots["people"] == after
    said = [directive["payload"] for directive in responder.directives if directive["name"] == "reply"]
    assert said == ([] if after else [{"text": "How many people, in numbers?"}])


def test_the_validation_action_of_all_slots_extracts_and_judges(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_validate_slot_mappings", settings, TURN, responder)
    assert responder.slots["shouted"] == "HI!"


def test_a_rejection_is_an_error_of_its_own_and_its_reason_is_beside_it(invoke, settings):
    responder = DialogueResponder(frame={"a": 1})
    result = invoke("action_reject", settings, TURN, responder)
    assert type(result.error) is ActionRejected
    assert (result.kind, result.error.sent, result.error.status) == ("rejected", Sent.YES, 400)
    assert (result.error.problem.detail, result.error.problem.action) == ("no thanks", "action_reject")
    assert "no thanks" not in str(result.error)
    assert (responder.frame, responder.directives) == ({"a": 1}, [])


def test_an_unknown_action_is_one_and_the_server_is_asked_for_similar_names(invoke, settings):
    result = invoke("action_helo", settings, TURN)
    assert type(result.error) is ActionNotFound
    assert "'action_hello'" in str(result.error)


def test_a_crash_is_an_error_that_repeats_nothing_of_what_was_said(invoke, settings):
    responder = DialogueResponder(frame={"secret": "of the user"})
    result = invoke("action_crash", settings, TURN, responder)
    assert type(result.error) is ServerFailed
    assert "hunter2" not in str(result.error)
    assert "of the user" not in str(result.error)
    assert result.error.problem is None
    assert responder.directives == []


def test_a_number_that_json_does_not_have_is_refused(invoke, settings):
    responder = DialogueResponder()
    result = invoke("action_nan", settings, TURN, responder)
    assert (result.kind, result.error.sent) == ("bad-payload", Sent.YES)
    assert responder.slots == {}


def test_a_slow_action_is_given_up_at_the_deadline(invoke, settings):
    result = invoke("action_slow", {**settings, "timeout": 0.3}, TURN)
    assert result.kind == "deadline-exceeded"
    assert result.elapsed < 3


def test_what_is_sent_can_be_chosen_for_all_actions_and_for_one(invoke, settings):
    frame, history = {"city": "Berlin"}, [{"request": {"text": "before"}, "directives": []}]
    request = Request(text="hi", context={"sender_id": "u1"}, history=history)

    def sent(**rasa):
        responder = DialogueResponder(frame=dict(frame))
        assert invoke("action_echo", {**settings, "rasa": rasa}, request, responder)
        return echoed(responder)

    everything = sent()
    assert everything["slots"]["city"] == "Berlin"
    assert everything["events"] > 1
    assert everything["domain"]["intents"] == []
    nothing = sent(send=[])
    assert (nothing["slots"], nothing["events"]) == ({}, 0)
    assert (nothing["sender_id"], nothing["latest_message"]["text"]) == ("u1", "hi")
    slots_alone = sent(send=[], actions={"action_echo": ["slots"]})
    assert (slots_alone["slots"]["city"], slots_alone["events"]) == ("Berlin", 0)


def test_a_compressed_request_is_understood(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_hello", {**settings, "rasa": {"compress": True}}, TURN, responder)
    assert names(responder) == [("reply", {"text": "Hello u1, you said hi"})]


def test_a_crash_after_a_compressed_request_is_still_a_failure(invoke, settings):
    """The server says 400, for it cannot read the request again; nothing of it says that it was declined."""
    result = invoke("action_crash", {**settings, "rasa": {"compress": True}}, TURN)
    assert result.kind == "request-refused"


def test_two_assistants_on_one_server_each_get_their_own_domain(invoke, settings, tmp_path):
    for intent in ("greet", "order", "greet"):
        domain = tmp_path / f"{intent}.yml"
        domain.write_text(f"intents: [{intent}]\n")
        responder = DialogueResponder()
        assert invoke("action_echo", {**settings, "rasa": {"domain": str(domain)}}, TURN, responder)
        assert echoed(responder)["domain"]["intents"] == [intent]


def test_a_server_of_https_is_reached_when_its_authority_is_trusted(invoke, secure_peer, authority, engine):
    responder = DialogueResponder()
    settings = {"url": secure_peer.url, "engine": engine, "cert": str(authority.certificate)}
    assert invoke("action_hello", settings, TURN, responder)
    assert names(responder) == [("reply", {"text": "Hello u1, you said hi"})]


def test_a_server_of_an_unknown_authority_is_not_told_anything(invoke, secure_peer, engine):
    result = invoke("action_hello", {"url": secure_peer.url, "engine": engine}, TURN)
    assert (result.kind, result.error.sent) == ("tls-peer-untrusted", Sent.NO)


def test_a_malformed_event_is_refused_and_nothing_is_merged(invoke, engine, mm_fault_server):
    from mm_actions.testing import Answer

    server = mm_fault_server(
        Answer(json={"events": [{"event": "slot", "name": "a"}], "responses": [{"text": "hi"}]})
    )
    responder = DialogueResponder()
    result = invoke("action_hello", {"url": f"rasa+{server.url}", "engine": engine}, TURN, responder)
    assert type(result.error) is SchemaMismatch
    assert "/events/0" in str(result.error)
    assert (responder.directives, responder.slots) == ([], {})
