"""Conversations: what is carried from turn to turn, and what a person reads."""

from __future__ import annotations

import asyncio
import gc

import pytest
from tests.application.conftest import at

from mm_actions import Application, Conversation, DialogueResponder, FrozenParams, Params
from mm_actions.application.conversation import texts_of
from mm_actions.errors import HandlerSuspended, RegistrationError


class Words:
    """Takes the first word for the intent."""

    def __init__(self):
        self.verbose = []

    def process(self, text, *, language=None, verbose=False):
        self.verbose.append(verbose)
        return {"text": text, "intent": text.split()[0]}


def counting_app(**more):
    app = Application(__name__, nlp=Words(), **more)

    @app.handle(intent="count")
    async def count(request, responder):
        responder.frame["count"] = responder.frame.get("count", 0) + 1
        responder.reply(f"That makes {responder.frame['count']} with {len(request.history)} before.")

    @app.handle(intent="what")
    async def what(request, responder):
        responder.display("seen", {**dict(request.params), "context": dict(request.context)})

    @app.handle(intent="ask")
    async def ask(request, responder):
        responder.params.target_dialogue_state = "answered"
        responder.params.language = "de"
        responder.reply("Which?")

    @app.handle(targeted_only=True)
    async def answered(request, responder):
        responder.reply(f"{request.text} it is.")

    return app


def params_seen(conversation, **more):
    return conversation.process("what", **more).directives[0]["payload"]


def test_frame_and_history_are_carried():
    conversation = Conversation(counting_app())
    assert conversation.say("count") == ["That makes 1 with 0 before."]
    assert conversation.say("count") == ["That makes 2 with 1 before."]
    assert conversation.frame == {"count": 2}
    assert [entry["dialogue_state"] for entry in conversation.history] == ["count", "count"]


def test_params_that_a_turn_left_hold_for_the_next_one_alone():
    conversation = Conversation(counting_app())
    assert conversation.say("ask") == ["Which?"]
    assert conversation.params == Params(target_dialogue_state="answered", language="de")
    assert conversation.say("count") == ["count it is."]
    assert conversation.say("count") == ["That makes 1 with 2 before."]


def test_reset_forgets_everything():
    conversation = Conversation(counting_app())
    conversation.say("count")
    conversation.say("ask")
    conversation.reset()
    assert (conversation.frame, conversation.history, conversation.form) == ({}, [], {})
    assert conversation.params == FrozenParams()
    assert conversation.say("count") == ["That makes 1 with 0 before."]


def test_params_of_a_turn_go_before_carried_ones_and_those_before_the_defaults():
    conversation = Conversation(counting_app(), default_params={"language": "en", "locale": "en_US"})
    seen = {"language": "en", "locale": "en_US", "context": {}}
    assert params_seen(conversation) == seen
    assert params_seen(conversation) == seen  # of each turn, not of the first alone
    conversation.say("ask")
    assert params_seen(conversation, params={"target_dialogue_state": None})["language"] == "de"
    conversation.say("ask")
    given = params_seen(conversation, params={"target_dialogue_state": "what", "language": "fr"})
    assert (given["language"], given["locale"]) == ("fr", "en_US")


def test_params_given_as_an_object_change_what_they_set():
    conversation = Conversation(counting_app(), default_params=Params(language="en"))
    assert params_seen(conversation, params=Params(locale="en_GB")) == {
        "language": "en",
        "locale": "en_GB",
        "context": {},
    }


def test_a_turn_may_unset_what_was_carried():
    conversation = Conversation(counting_app())
    conversation.say("ask")
    assert conversation.say("count", params={"target_dialogue_state": None}) == [
        "That makes 1 with 1 before."
    ]


def test_the_context_is_that_of_the_conversation():
    assert params_seen(Conversation(counting_app(), context={"user": "ada"}))["context"] == {"user": "ada"}


def test_the_form_is_carried_where_a_handler_keeps_one():
    app = counting_app()

    @app.handle(intent="fill")
    def fill(request, responder):
        responder.form = {"asked": len(request.form)}

    conversation = Conversation(app)
    conversation.say("fill")
    conversation.say("fill")
    assert conversation.form == {"asked": 1}


def test_process_gives_the_responder():
    responder = Conversation(counting_app()).process("count")
    assert isinstance(responder, DialogueResponder)
    assert responder.dialogue_state == "count"


def test_a_conversation_may_bring_its_nlp():
    app, nlp = counting_app(), Words()
    Conversation(app, nlp=nlp, verbose=True).say("count")
    assert app.nlp is nlp
    assert nlp.verbose == [True]


def test_an_app_in_async_mode_is_awaited():
    conversation = Conversation(counting_app(async_mode=True))

    async def talk():
        first = await conversation.say("count")
        responder = await conversation.process("count")
        return first, responder.dialogue_state, await conversation.say_async("count")

    assert asyncio.run(talk()) == (["That makes 1 with 0 before."], "count", ["That makes 3 with 2 before."])


@pytest.mark.parametrize("where", ["conversation", "turn"])
def test_force_sync_gives_results_with_an_app_in_async_mode(where):
    app = counting_app(async_mode=True)

    @app.handle(intent="wait")
    async def wait(request, responder):
        await asyncio.sleep(0)
        responder.frame.setdefault("loops", []).append(id(asyncio.get_running_loop()))

    with Conversation(app, force_sync=where == "conversation") as conversation:
        more = {} if where == "conversation" else {"force_sync": True}
        assert conversation.say("count", **more) == ["That makes 1 with 0 before."]
        conversation.process("wait", **more)
        conversation.process("wait", **more)
        first, second = conversation.frame["loops"]
        assert first == second  # what belongs to an event loop, such as a session, stays usable
    conversation.close()


def test_a_forgotten_conversation_ends_its_event_loop():
    conversation = Conversation(counting_app(async_mode=True), force_sync=True)
    conversation.say("count")
    del conversation
    gc.collect()  # an open event loop would be a ResourceWarning


def test_a_conversation_forgotten_inside_an_event_loop_ends_its_own():
    conversations = [Conversation(counting_app(async_mode=True), force_sync=True)]
    conversations[0].say("count")

    async def forget():
        conversations.clear()
        gc.collect()

    asyncio.run(forget())


def test_force_sync_inside_an_event_loop_is_an_error_that_says_what_to_do():
    conversation = Conversation(counting_app(async_mode=True), force_sync=True)

    async def talk():
        conversation.say("count")

    with pytest.raises(HandlerSuspended, match=r"await say_async"):
        asyncio.run(talk())


def test_actions_answer_in_a_conversation(engine):
    app = counting_app()
    app.custom_action(intent="order", actions=["a", "b"], config=at(engine))
    assert Conversation(app).say("order") == ["a", "b"]


def test_a_conversation_needs_an_app():
    with pytest.raises(RegistrationError, match=r"write Conversation\(app\)"):
        Conversation()


def test_an_app_can_be_given_by_its_folder(tmp_path):
    (tmp_path / "app.py").write_text(
        "from mm_actions import Application\napp = Application(__name__)\n"
        "app.handle(default=True, name='s')(lambda request, responder: responder.reply('hi'))\n"
    )
    assert Conversation(app_path=str(tmp_path), nlp=Words()).say("hello") == ["hi"]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda it: it.reply("hi"), "hi"),
        (lambda it: it.speak("aloud"), "aloud"),
        (lambda it: it.listen(), "Listening..."),
        (lambda it: it.reset(), "Resetting..."),
        (lambda it: it.sleep(500), ""),
        (lambda it: it.display("map", {"x": 1}), ""),
        (lambda it: it.suggest([{"text": "yes", "type": "text"}]), "Suggestion: 'yes'"),
        (
            lambda it: it.suggest([{"text": "a"}, {"text": "b", "type": "image"}, "c"]),
            "Suggestions: 'a', 'b (image)', 'c'",
        ),
        (lambda it: it.suggest([{"type": "image"}]), "Suggestion: '(image)'"),
        (lambda it: it.list([{"b": 1, "a": 2}, {}]), '{\n    "a": 2,\n    "b": 1\n}\n{}'),
        (lambda it: it.suggest([]), "Unsupported response: {'name': 'suggestions', 'type': 'view'}"),
        (lambda it: it.list(None), "Unsupported response: {'name': 'list', 'type': 'view'}"),
        (lambda it: it.display("reply", {"no": 1}), "Unsupported response:"),
        (lambda it: it.display("list", [object]), "Unsupported response:"),
    ],
)
def test_each_directive_is_read_as_a_text(answer, text):
    responder = DialogueResponder()
    answer(responder)
    (found,) = texts_of(responder)
    assert found == text or found.startswith(text + " {")
