"""What the actions of a real rasa_sdk server do to a turn, over gRPC."""

from __future__ import annotations

import pytest

from mm_actions import DialogueResponder, Request
from mm_actions.errors import ActionNotFound, ActionRejected, Sent, ServerFailed
from rasa_peer import rasa_sdk_server

TURN = Request(text="hi", intent="greet", context={"sender_id": "u1"})


@pytest.fixture
def settings(peer):
    return {"url": peer.url}


def names(responder):
    return [(directive["name"], directive.get("payload")) for directive in responder.directives]


def test_a_text_is_a_reply(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_hello", settings, TURN, responder)
    assert names(responder) == [("reply", {"text": "Hello u1, you said hi"})]


def test_buttons_templates_and_rich_content_come_through_as_over_http(invoke, settings):
    responder = DialogueResponder()
    for action in ("action_buttons", "action_template", "action_rich"):
        assert invoke(action, settings, TURN, responder)
    found = names(responder)
    assert [name for name, _ in found] == ["reply", "suggestions", "utter", "custom", "image", "attachment"]
    assert found[1][1][0] == {"text": "Yes", "payload": "/affirm", "type": "text"}
    assert (found[2][1]["response"], found[2][1]["count"]) == ("utter_greet", 3)
    assert found[3][1] == {"map": {"zoom": 3}}


def test_slots_are_set_and_whole_numbers_stay_whole(invoke, settings):
    responder = DialogueResponder(frame={"kept": 1})
    assert invoke("action_slots", settings, TURN, responder)
    assert responder.slots == {
        "city": "Berlin",
        "people": 5,
        "share": 0.5,
        "cuisines": ["thai", "greek"],
        "gone": None,
    }
    assert type(responder.slots["people"]) is int
    assert responder.frame["kept"] == 1


def test_followups_and_other_events_are_kept(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_followup", settings, TURN, responder)
    assert responder.frame["rasa"]["followup_action"] == "action_hello"
    assert invoke("action_others", settings, TURN, responder)
    assert responder.frame["rasa"]["active_loop"]["name"] == "booking_form"
    assert responder.directives[-1]["name"] == "cancel_reminder"


@pytest.mark.parametrize(("people", "after"), [(4, 4), ("many", None)])
def test_a_form_in_progress_can_be_validated(invoke, settings, tmp_path, people, after):
    domain = tmp_path / "domain.yml"
    domain.write_text(
        "slots: {people: {type: any, mappings: [{type: from_text}]}}\n"
        "forms: {booking_form: {required_slots: [people]}}\n"
    )
    loop = {"name": "booking_form", "is_interrupted": False, "rejected": False, "trigger_message": None}
    responder = DialogueResponder(frame={"rasa": {"active_loop": loop}}, slots={"people": people})
    assert invoke("validate_booking_form", {**settings, "rasa": {"domain": str(domain)}}, TURN, responder)
    assert responder.slots["people"] == after


def test_a_rejection_is_an_error_of_its_own(invoke, settings):
    responder = DialogueResponder(frame={"a": 1})
    result = invoke("action_reject", settings, TURN, responder)
    assert type(result.error) is ActionRejected
    assert (result.error.sent, result.error.problem.detail) == (Sent.YES, "no thanks")
    assert (responder.frame, responder.directives) == ({"a": 1}, [])


def test_a_number_that_json_does_not_have_is_refused(invoke, settings):
    responder = DialogueResponder(frame={"kept": 1})
    assert invoke("action_nan", settings, TURN, responder).kind == "bad-payload"
    assert (responder.frame, responder.slots) == ({"kept": 1}, {})


def test_an_unknown_action_is_one_and_similar_names_are_told(invoke, settings):
    result = invoke("action_helo", settings, TURN)
    assert type(result.error) is ActionNotFound
    assert "'action_hello'" in str(result.error)


def test_a_crash_is_an_error_that_repeats_nothing_of_what_was_said(invoke, settings):
    result = invoke("action_crash", settings, TURN)
    assert type(result.error) is ServerFailed
    assert "hunter2" not in str(result.error)
    assert result.error.__cause__ is None
    assert result.error.__suppress_context__


def test_a_slow_action_is_given_up_at_the_deadline(invoke, settings):
    result = invoke("action_slow", {**settings, "timeout": 0.3}, TURN)
    assert (result.kind, result.error.sent) == ("deadline-exceeded", Sent.MAYBE)
    assert result.elapsed < 3


def test_a_compressed_request_is_understood(invoke, settings):
    assert invoke("action_hello", {**settings, "rasa": {"compress": True}}, TURN)


def test_an_action_without_a_domain_is_answered_at_once(invoke, settings):
    responder = DialogueResponder()
    assert invoke("action_hello", {**settings, "rasa": {"send": []}}, TURN, responder)
    assert names(responder) == [("reply", {"text": "Hello u1, you said hi"})]


def test_tls_is_spoken_where_the_authority_is_trusted_and_not_elsewhere(invoke, authority):
    with rasa_sdk_server(grpc=True, certificate=authority.server()) as server:
        trusted = {"url": server.url, "cert": str(authority.certificate)}
        assert invoke("action_hello", trusted, TURN)
        result = invoke("action_hello", {"url": server.url}, TURN)
        assert (result.kind, result.error.sent) == ("tls-peer-untrusted", Sent.NO)
        plain = invoke("action_hello", {"url": server.url.replace("grpcs", "grpc")}, TURN)
        assert (plain.kind, plain.error.sent) == ("connect-failed", Sent.NO)
        assert "grpcs://" in str(plain.error)


def test_a_certificate_for_another_host_is_refused(invoke, authority):
    with rasa_sdk_server(grpc=True, certificate=authority.wrong_host()) as server:
        result = invoke("action_hello", {"url": server.url, "cert": str(authority.certificate)}, TURN)
        assert (result.kind, result.error.sent) == ("tls-peer-untrusted", Sent.NO)


def test_a_server_that_wants_a_certificate_is_shown_it_even_from_an_encrypted_key(invoke, authority):
    certificate, client = authority.server(), authority.encrypted("client")
    with rasa_sdk_server(grpc=True, certificate=certificate, client_ca=authority.certificate) as server:
        anyone = {"url": server.url, "cert": str(authority.certificate)}
        known = {
            **anyone,
            "public_key": str(client.certificate),
            "private_key": str(client.private_key),
            "private_key_password": client.password,
        }
        assert invoke("action_hello", known, TURN)
        result = invoke("action_hello", anyone, TURN)
        assert (result.kind, result.error.sent) == ("connect-failed", Sent.NO)
        assert "public_key" in str(result.error)
