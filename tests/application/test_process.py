"""From a text or a Request to a Responder: what the NLP is given, what handlers see, what is kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from tests.application.conftest import texts

from mm_actions import (
    Application,
    CustomActionException,
    DialogueResponder,
    ExamplesNlp,
    FrozenParams,
    Params,
    Request,
)
from mm_actions.errors import ConfigurationError, UnknownArgument


class MindMeldNlp:
    """Takes what MindMeld's NaturalLanguageProcessor takes."""

    def __init__(self):
        self.ready = False
        self.loads = 0
        self.options = []

    def load(self):
        self.loads += 1
        self.ready = True

    def process(
        self,
        query_text,
        allowed_nlp_classes=None,
        allowed_intents=None,
        locale=None,
        language=None,
        time_zone=None,
        timestamp=None,
        dynamic_resource=None,
        verbose=False,
    ):
        assert self.ready
        given = {
            name: value for name, value in locals().items() if value and name not in ("self", "query_text")
        }
        self.options.append(given)
        return {
            "text": query_text,
            "domain": "d",
            "intent": query_text.split()[0],
            "entities": [{"text": query_text, "type": "word", "value": [{"cname": query_text}]}],
            "nbest_of_another_version": [],
        }


class ShortNlp:
    def process(self, text):
        return {"intent": text}


@pytest.fixture
def nlp(app):
    app.nlp = MindMeldNlp()
    return app.nlp


def test_a_text_is_understood_and_answered(app, nlp, take_turn):
    seen = []

    @app.handle(domain="d", intent="hello", has_entity="word")
    def hello(request, responder):
        seen.append(request)
        responder.reply("hi")

    responder = take_turn(
        app, "hello you", context={"device": "kiosk"}, frame={"a": 1}, form={"f": 1}, request_id="r-1"
    )
    assert texts(responder) == ["hi"]
    (request,) = seen
    assert (request.text, request.domain, request.intent) == ("hello you", "d", "hello")
    assert request.entities[0]["value"] == [{"cname": "hello you"}]
    assert (request.context, request.frame, request.form) == ({"device": "kiosk"}, {"a": 1}, {"f": 1})
    assert request.request_id == "r-1"
    assert responder.request is request


def test_the_nlp_is_loaded_once_and_before_the_first_text(app, nlp, take_turn):
    take_turn(app, "hello")
    take_turn(app, "hello")
    assert nlp.loads == 1


def test_the_nlp_is_loaded_once_by_many_threads(app, nlp):
    start = threading.Barrier(4)

    def take_turns():
        start.wait(10)
        app.process("hello")

    threads = [threading.Thread(target=take_turns) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (nlp.loads, len(nlp.options)) == (1, 4)


def test_the_nlp_is_given_the_settings_of_the_turn_that_it_takes(app, nlp, take_turn):
    take_turn(app, "hello")
    take_turn(
        app,
        "hello",
        params={
            "allowed_intents": ["d.hello"],
            "language": "en",
            "locale": "en_US",
            "time_zone": "Asia/Kolkata",
            "timestamp": 1546300800000,
            "dynamic_resource": {"gazetteers": {"word": {"tea": 1}}},
            "target_dialogue_state": "hello",
            "deny_nlp": ["d.other"],
        },
        verbose=True,
    )
    assert nlp.options == [
        {},
        {
            "allowed_intents": ("d.hello",),
            "language": "en",
            "locale": "en_US",
            "time_zone": "Asia/Kolkata",
            "timestamp": 1546300800000,
            "dynamic_resource": {"gazetteers": {"word": {"tea": 1}}},
            "verbose": True,
        },
    ]


def test_an_nlp_that_takes_any_option_is_given_all(app, take_turn):
    class Open:
        def process(self, text, /, **options):
            self.options = options
            return {}

    app.nlp = Open()
    take_turn(app, "hello", params=Params(language="en", deny_nlp=["d.i"]))
    assert app.nlp.options == {"language": "en", "deny_nlp": ("d.i",)}


def test_an_nlp_that_takes_a_text_alone_is_given_a_text_alone(take_turn):
    app = Application(__name__, nlp=ShortNlp())
    assert take_turn(app, "hello", params={"language": "en"}, verbose=True).request.intent == "hello"


def test_an_nlp_that_gives_no_dict_is_an_error_that_names_it(app, take_turn):
    class Wrong:
        def process(self, text):
            return [text]

    app.nlp = Wrong()
    with pytest.raises(ConfigurationError, match=r"Wrong\.process\(\) gave list, not a dict"):
        take_turn(app, "hello")


def test_a_text_passes_the_preparation_before_the_nlp(take_turn):
    class Pipeline:
        def preprocess(self, text):
            return text.lower()

    app = Application(__name__, text_preparation_pipeline=Pipeline(), nlp=ShortNlp())
    assert take_turn(app, "HELLO").request.intent == "hello"


def test_an_app_without_an_nlp_says_what_to_do(app, take_turn):
    with pytest.raises(CustomActionException, match="pass nlp=, or write training sentences in domains/"):
        take_turn(app, "hello")


def test_an_app_folder_with_examples_brings_its_own_nlp(tmp_path, monkeypatch, take_turn):
    intent = tmp_path / "domains" / "greetings" / "greet"
    intent.mkdir(parents=True)
    (intent / "train.txt").write_text("hello\ngood morning\n")
    (tmp_path / "app_of_this_test.py").write_text(
        "from mm_actions import Application\napp = Application(__name__)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from app_of_this_test import app

    request = take_turn(app, "hello").request
    assert (request.domain, request.intent) == ("greetings", "greet")
    assert isinstance(app.nlp, ExamplesNlp)


def test_a_request_is_taken_as_it_is(app, take_turn):
    request = Request(intent="i", frame={"a": 1})
    responder = take_turn(app, request)
    assert responder.request is request
    assert responder.frame == {"a": 1}


def test_arguments_beside_a_request_replace_its_members(app, take_turn):
    app.handle(name="target", targeted_only=True)(lambda request, responder: None)
    request = Request(intent="i", frame={"a": 1}, context={"device": "kiosk"})
    responder = take_turn(
        app, request, frame={"b": 2}, params={"target_dialogue_state": "target"}, history=[{"old": 1}]
    )
    assert responder.dialogue_state == "target"
    assert responder.frame == {"b": 2}
    assert responder.request.context == {"device": "kiosk"}
    assert responder.history[1:] == [{"old": 1}]
    assert request.frame == {"a": 1}


@pytest.mark.parametrize("source", [None, {"text": "hi"}, 5, Request])
def test_anything_else_is_refused(app, source):
    with pytest.raises(TypeError, match="process\\(\\) takes a text or a Request, not"):
        app.process(source)


@pytest.mark.parametrize(
    "params",
    [{"language": "en"}, Params(language="en"), FrozenParams(language="en")],
    ids=["dict", "Params", "FrozenParams"],
)
def test_params_are_taken_in_every_form(app, nlp, take_turn, params):
    request = take_turn(app, "hello", params=params).request
    assert request.params == FrozenParams(language="en")
    assert isinstance(request.params, FrozenParams)


def test_null_params_of_a_front_end_count_as_absent(app, nlp, take_turn):
    params = dict.fromkeys(("allowed_intents", "dynamic_resource", "language", "timestamp", "allow_nlp"))
    assert take_turn(app, "hello", params=params).request.params == FrozenParams()


def test_a_param_that_is_not_known_is_named(app, nlp):
    with pytest.raises(UnknownArgument, match=r"params has the unknown member 'lang'; there are .*language"):
        app.process("hello", params={"lang": "en"})


def test_each_turn_starts_with_fresh_params_slots_and_directives(app, take_turn):
    @app.handle(default=True)
    def answer(request, responder):
        seen.append((dict(responder.params), dict(responder.slots), list(responder.directives)))
        responder.params.language = "de"
        responder.slots["s"] = 1
        responder.reply("hi")

    seen = []
    first = take_turn(app, Request())
    take_turn(app, Request(), params=first.params, history=first.history)
    assert seen == [({}, {}, [])] * 2


def test_what_a_handler_does_to_the_frame_does_not_reach_the_callers(app, take_turn):
    @app.handle(default=True)
    def add(request, responder):
        responder.frame["items"].append("scone")
        responder.frame["new"] = 1

    frame = {"items": ["latte"]}
    request = Request(frame=frame)
    assert take_turn(app, request).frame == {"items": ["latte", "scone"], "new": 1}
    assert frame == {"items": ["latte"]}
    assert request.frame == {"items": ["latte"]}


def test_the_history_holds_the_turn_without_its_own_history(app, take_turn):
    @app.handle(intent="i")
    def answer(request, responder):
        responder.reply("hi")
        responder.frame["a"] = 1

    first = take_turn(app, Request(intent="i"))
    second = take_turn(app, Request(intent="i"), history=first.history, frame=first.frame)
    assert len(second.history) == 2
    assert second.history[1] == first.history[0]
    entry = second.history[0]
    assert set(entry) == {"request", "slots", "frame", "directives", "dialogue_state", "params", "form"}
    assert "history" not in entry["request"]
    assert entry["dialogue_state"] == "answer"
    assert entry["frame"] == {"a": 1}
    assert entry["directives"] == [{"name": "reply", "type": "view", "payload": {"text": "hi"}}]


def test_the_history_is_not_changed_by_what_happens_to_the_responder_later(app):
    responder = app.process(Request(frame={"a": 1}))
    responder.frame["b"] = 2
    responder.slots["s"] = 1
    responder.reply("too late")
    assert (responder.history[0]["frame"], responder.history[0]["slots"]) == ({"a": 1}, {})
    assert responder.history[0]["directives"] == []


def test_the_history_keeps_a_hundred_turns(app):
    history = []
    for number in range(103):
        history = app.process(Request(text=str(number)), history=history).history
    assert len(history) == 100
    assert [entry["request"]["text"] for entry in history[:2]] == ["102", "101"]
    assert history[-1]["request"]["text"] == "3"


@dataclass(frozen=True, kw_only=True)
class KioskRequest(Request):
    kiosk: str = "unknown"


class LoudResponder(DialogueResponder):
    def reply(self, text):
        super().reply(text.upper())


def test_request_and_responder_may_be_of_ones_own_classes(take_turn):
    class KioskNlp:
        def process(self, text):
            return {"text": text, "kiosk": "north", "unheard_of": 1}

    app = Application(__name__, KioskRequest, LoudResponder, nlp=KioskNlp())

    @app.handle(default=True)
    def answer(request, responder):
        responder.reply(f"{request.kiosk}: {request.text}")

    responder = take_turn(app, "hi")
    assert isinstance(responder, LoudResponder)
    assert isinstance(responder.request, KioskRequest)
    assert texts(responder) == ["NORTH: HI"]
    assert texts(take_turn(app, KioskRequest(text="yo"), context={"a": 1})) == ["UNKNOWN: YO"]
