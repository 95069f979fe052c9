"""What an action sees of the conversation before its turn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.server.conftest import JSON
from tests.server.rasa.conftest import call_of, native

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.rasa.conftest import RasaServed

    from mm_actions.server import ActionServer

    Serve = Callable[[], RasaServed]


def conversation(**event: Any) -> dict[str, Any]:
    """Give a tracker of two turns, and one more event before them."""
    users = [{"event": "user", "text": text, "parse_data": {"intent": {"name": "greet"}}} for text in "ab"]
    return {"events": [event, *users], "latest_message": {"text": "b"}, "own": 1}


def test_an_action_of_ours_sees_the_turns_before_wherever_the_call_names_it(
    server: ActionServer, served: Serve
) -> None:
    @server.action
    def look(request, responder):
        responder.reply(",".join(turn["request"]["text"] for turn in request.history))

    running = served()
    named = {"next_action": "look"}
    told = {"tracker": conversation()}
    for body in ({**named, **told}, {**told, **named}):
        answer = running.exchange("POST", "/webhook", json.dumps(body), JSON)
        assert answer.json["responses"][0]["text"] == "a"
    twice = (
        b'{"next_action": "nobody", "tracker": %b, "next_action": "look"}'
        % json.dumps(conversation()).encode()
    )
    assert running.exchange("POST", "/webhook", twice, JSON).json["responses"][0]["text"] == "a"


def test_an_action_of_theirs_has_the_whole_tracker_as_it_was_sent(
    server: ActionServer, served: Serve
) -> None:
    seen = []
    native(server, "keep")(lambda call, responder: seen.append(call.tracker))
    assert served().act("keep", domain={}, tracker=conversation()).status == 200
    assert seen == [conversation()]
    assert type(seen[0]["events"]) is list


def test_an_event_that_cannot_be_read_is_a_400_to_who_looks_at_it(
    server: ActionServer, served: Serve
) -> None:
    @server.action
    def look(request, responder):
        responder.reply(str(len(request.history)))

    server.action("pass")(lambda request, responder: responder.reply("not looked"))
    running = served()
    for action, status in (("pass", 200), ("look", 400)):
        body = json.dumps(call_of(action, tracker=conversation(x="NUMBER"))).replace('"NUMBER"', "1e999")
        assert running.exchange("POST", "/webhook", body, JSON).status == status
