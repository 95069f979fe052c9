"""Actions of a module together with what else there is: spans, and actions that are written for rasa_sdk."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mm_actions import DialogueResponder, Request
from mm_actions.telemetry import instrument


def test_a_call_has_its_spans_and_what_the_action_does_is_below_them(module, caller):
    exporter, tracers = InMemorySpanExporter(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    actions = module(
        "from opentelemetry import trace\n"
        "@server.action\nasync def seen(request, responder):\n"
        "    responder.slots['trace'] = f'{trace.get_current_span().get_span_context().trace_id:032x}'\n"
    )
    responder = DialogueResponder()
    with instrument(tracer_provider=tracers, meter_provider=MeterProvider()):
        result = caller.call(actions.action("seen"), Request(), responder)
    assert result
    assert responder.slots["trace"] == result.trace_id
    assert {f"{span.context.trace_id:032x}" for span in exporter.get_finished_spans()} == {result.trace_id}


RASA = """
from rasa_sdk import Action
from rasa_sdk.events import SlotSet

class Hello(Action):
    def name(self):
        return "action_hello"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=f"{tracker.latest_message['text']} to you")
        return [SlotSet("greeted", True)]
"""


# rasa_sdk's own dependencies warn when they are imported.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_actions_for_rasa_sdk_run_unchanged_and_are_read_again(module, caller):
    actions = module("")
    actions.write(RASA, head="")
    action = actions.action("action_hello", python={"reload": True})
    responder = DialogueResponder()
    assert caller.call(action, Request(text="hi"), responder)
    assert responder.directives[0]["payload"]["text"] == "hi to you"
    assert responder.frame["greeted"] is True
    actions.write(RASA.replace("to you", "again"), head="")
    responder = DialogueResponder()
    assert caller.call(action, Request(text="hi"), responder)
    assert responder.directives[0]["payload"]["text"] == "hi again"
