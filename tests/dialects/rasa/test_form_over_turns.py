"""A form whose action runs on a Rasa server, in an application of ours: its state lasts from turn to turn."""

from mm_actions import Application, Conversation
from mm_actions.client.merge import apply
from mm_actions.core.transport import Invocation
from mm_actions.dialects.rasa.answers import answer_of
from mm_actions.dialects.rasa.calls import call_of
from mm_actions.dialects.rasa.wire import RasaAnswer, read_answer, read_call, write_answer, write_call

ASKED = ["size", "flavour"]


class FormServer:
    """An action server with one form, as one would write it with rasa_sdk; keeps nothing between calls."""

    def __init__(self):
        self.trackers = []

    def webhook(self, body):
        tracker = read_call(body).tracker
        self.trackers.append(tracker)
        slots = dict(tracker["slots"])
        events = []
        if tracker["active_loop"].get("name") != "pizza_form":
            events.append({"event": "active_loop", "timestamp": None, "name": "pizza_form"})
        elif slots.get("requested_slot"):
            filled = slots["requested_slot"]
            slots[filled] = tracker["latest_message"]["text"]
            events.append({"event": "slot", "timestamp": None, "name": filled, "value": slots[filled]})
        missing = next((name for name in ASKED if slots.get(name) is None), None)
        events.append({"event": "slot", "timestamp": None, "name": "requested_slot", "value": missing})
        responses = (
            [{"text": f"which {missing}?"}] if missing else [{"text": f"{slots['size']} {slots['flavour']}"}]
        )
        if missing is None:
            events += [
                {"event": "active_loop", "timestamp": None, "name": None},
                {"event": "followup", "timestamp": None, "name": "action_bill"},
            ]
        return write_answer(RasaAnswer(events=events, responses=responses))


class Nlp:
    def process(self, text):
        return {"text": text, "domain": "pizza", "intent": "order" if text == "order" else "inform"}


def talk():
    server, app = FormServer(), Application(__name__, nlp=Nlp())

    @app.handle(default=True)
    def form(request, responder):
        call = call_of(Invocation(action="pizza_form", request=request, responder=responder))
        apply(answer_of(call, read_answer(server.webhook(write_call(call)))), responder)

    return server, Conversation(app=app)


def test_a_form_on_a_rasa_server_is_filled_over_several_turns():
    server, conversation = talk()
    said = []
    for text in ("order", "large", "funghi"):
        responder = conversation.process(text)
        said.append([each["payload"]["text"] for each in responder.directives if each["name"] == "reply"])
        loop = conversation.frame["rasa"]["active_loop"]
        assert loop.get("name") == (None if text == "funghi" else "pizza_form")
        if loop:
            assert loop["trigger_message"]["text"] == "order"
    assert said == [["which size?"], ["which flavour?"], ["large funghi"]]
    assert {name: conversation.frame[name] for name in (*ASKED, "requested_slot")} == {
        "size": "large",
        "flavour": "funghi",
        "requested_slot": None,
    }
    assert conversation.frame["rasa"]["followup_action"] == "action_bill"
    assert [tracker["latest_action_name"] for tracker in server.trackers] == ["action_listen"] * 3
    told = [(each["event"], each.get("text") or each.get("value")) for each in server.trackers[-1]["events"]]
    assert [text for event, text in told if event in {"user", "bot"}] == [
        "order",
        "which size?",
        "large",
        "which flavour?",
        "funghi",
    ]
    assert [name for event, name in told if event == "slot"] == ["size", "large", "flavour"]


def test_the_second_action_of_a_turn_is_told_which_one_was_the_first():
    seen, paused = [], ["pause", "resume", "pause", "resume"]
    app = Application(__name__, nlp=Nlp())

    @app.handle(default=True)
    def two(request, responder):
        for action in ("action_a", "action_b"):
            call = call_of(Invocation(action=action, request=request, responder=responder))
            seen.append(call.tracker["latest_action_name"])
            apply(
                answer_of(call, RasaAnswer(events=[{"event": paused.pop(0), "timestamp": None}])), responder
            )

    conversation = Conversation(app=app)
    conversation.process("order")
    conversation.process("again")
    assert seen == ["action_listen", "action_a"] * 2
