"""Spans and figures of calls, as OpenTelemetry's SDK sees them."""

import asyncio
import re
import subprocess
import sys

import pytest
from opentelemetry import trace as otel
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Sampler
from opentelemetry.trace import SpanKind, StatusCode

from client.scripts import REPLY, config, refused
from mm_actions import CustomAction, CustomActionSequence
from mm_actions.telemetry import instrument
from mm_actions.testing.scripted import ScriptedEngine, answer


class Recorded:
    """What an SDK of its own was told."""

    def __init__(self, **options):
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracers = TracerProvider(**options)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])

    @property
    def spans(self):
        return self.exporter.get_finished_spans()

    def of_kind(self, kind):
        return [span for span in self.spans if span.kind is kind]

    def points(self, name):
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def recorded():
    found = Recorded()
    with instrument(tracer_provider=found.tracers, meter_provider=found.meters):
        yield found
    found.tracers.shutdown()
    found.meters.shutdown()


def header(request, name="traceparent"):
    return dict(request.headers)[name]


def test_a_call_is_a_span_and_its_attempt_one_of_a_client_below_it(invoke, turn, recorded):
    engine = ScriptedEngine({"directives": [REPLY]})
    result = invoke(CustomAction("greet", config(engine)), *turn)
    attempt, call = recorded.spans
    assert (call.name, call.kind, call.parent) == ("invoke greet", SpanKind.INTERNAL, None)
    assert (attempt.name, attempt.kind) == ("POST", SpanKind.CLIENT)
    assert attempt.parent.span_id == call.context.span_id
    assert result.trace_id == f"{call.context.trace_id:032x}"
    assert dict(attempt.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "server.example",
        "server.port": 80,
        "url.full": "http://server.example/action",
        "mm.action": "greet",
    }
    assert call.attributes["mm.attempts"] == 1
    assert attempt.status.status_code is StatusCode.UNSET


def test_the_span_of_the_attempt_is_what_the_server_is_told(invoke, turn, recorded):
    engine = ScriptedEngine({})
    invoke(CustomAction("greet", config(engine)), *turn)
    (attempt,) = recorded.of_kind(SpanKind.CLIENT)
    trace_id, span_id = f"{attempt.context.trace_id:032x}", f"{attempt.context.span_id:016x}"
    assert header(engine.requests[0]) == f"00-{trace_id}-{span_id}-01"
    assert header(engine.requests[0], "X-MM-Call-Id") == span_id


def test_a_span_that_is_active_is_continued(invoke, turn, recorded):
    tracer = recorded.tracers.get_tracer("app")
    with tracer.start_as_current_span("turn") as outer:
        engine = ScriptedEngine({})
        assert invoke(CustomAction("greet", config(engine)), *turn)
        assert otel.get_current_span() is outer
    spans = {span.name: span for span in recorded.spans}
    assert spans["invoke greet"].parent.span_id == outer.get_span_context().span_id
    assert {span.context.trace_id for span in spans.values()} == {outer.get_span_context().trace_id}


def test_every_attempt_is_a_span_with_the_kind_of_its_error(invoke, turn, recorded):
    engine = ScriptedEngine(refused(), {"directives": [REPLY]})
    assert invoke(CustomAction("greet", config(engine)), *turn)
    first, second = recorded.of_kind(SpanKind.CLIENT)
    assert first.status.status_code is StatusCode.ERROR
    assert (first.attributes["error.type"], first.attributes["mm.sent"]) == ("connect-failed", "no")
    assert "http.response.status_code" not in first.attributes
    assert "http.request.resend_count" not in first.attributes
    assert second.attributes["http.request.resend_count"] == 1
    assert first.context.span_id != second.context.span_id
    (call,) = recorded.of_kind(SpanKind.INTERNAL)
    assert call.attributes["mm.attempts"] == 2
    assert call.status.status_code is StatusCode.UNSET


def test_a_failed_call_is_a_failed_span_without_any_text(invoke, turn, recorded):
    problem = answer({"detail": "secret detail"}, status=422)
    assert not invoke(CustomAction("greet", config(ScriptedEngine(problem))), *turn)
    for span in recorded.spans:
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
        assert span.events == ()
        assert span.attributes["error.type"] == "request-refused"
        assert span.attributes["http.response.status_code"] == 422
        assert "secret" not in span.to_json()


def test_credentials_and_queries_of_a_url_are_not_recorded(invoke, turn, recorded):
    settings = {**config(ScriptedEngine({})), "url": "http://[::1]:8080/action?key=secret"}
    assert invoke(CustomAction("greet", settings), *turn)
    (attempt,) = recorded.of_kind(SpanKind.CLIENT)
    assert attempt.attributes["url.full"] == "http://[::1]:8080/action"
    assert (attempt.attributes["server.address"], attempt.attributes["server.port"]) == ("::1", 8080)


def test_attempts_are_measured(invoke, turn, recorded):
    engine = ScriptedEngine(refused(), {})
    invoke(CustomAction("greet", config(engine)), *turn)
    points = recorded.points("http.client.request.duration")
    assert {(point.attributes.get("error.type"), point.count) for point in points} == {
        ("connect-failed", 1),
        (None, 1),
    }
    for point in points:
        assert point.attributes["http.request.method"] == "POST"
        assert point.attributes["server.address"] == "server.example"
        assert point.attributes["mm.action"] == "greet"
        assert point.explicit_bounds[0] == 0.005
        assert point.attributes.get("http.response.status_code") in {None, 200}


def test_actions_in_parallel_are_spans_side_by_side(invoke, turn, recorded):
    engine = ScriptedEngine({}, {}, {})
    tracer = recorded.tracers.get_tracer("app")
    with tracer.start_as_current_span("turn") as outer:
        sequence = CustomActionSequence(["a", "b", "c"], config(engine), parallel=True)
        assert invoke(sequence, *turn)
    calls = recorded.of_kind(SpanKind.INTERNAL)
    named = [span for span in calls if span.name.startswith("invoke")]
    assert {span.name for span in named} == {"invoke a", "invoke b", "invoke c"}
    assert {span.parent.span_id for span in named} == {outer.get_span_context().span_id}
    parents = {span.parent.span_id for span in recorded.of_kind(SpanKind.CLIENT)}
    assert parents == {span.context.span_id for span in named}


def test_a_call_that_is_cancelled_ends_its_spans(turn, recorded):
    async def leave():
        begun, never = asyncio.Event(), asyncio.Event()

        class Waiting(ScriptedEngine):
            async def send_async(self, request):
                begun.set()
                await never.wait()

        task = asyncio.ensure_future(CustomAction("greet", config(Waiting())).invoke_async(*turn))
        await asyncio.wait_for(begun.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert [span.attributes["error.type"] for span in recorded.spans] == ["CancelledError"] * 2


def test_what_is_not_sampled_is_told_to_the_server_as_such(invoke, turn):
    found = Recorded(sampler=ALWAYS_OFF)
    engine = ScriptedEngine({})
    with instrument(tracer_provider=found.tracers, meter_provider=found.meters):
        result = invoke(CustomAction("greet", config(engine)), *turn)
    assert found.spans == ()
    assert re.fullmatch(rf"00-{result.trace_id}-[0-9a-f]{{16}}-00", header(engine.requests[0]))


def test_without_an_sdk_the_calls_have_ids_of_their_own(invoke, turn):
    engine = ScriptedEngine(refused(), {})
    with instrument(tracer_provider=otel.NoOpTracerProvider()):
        result = invoke(CustomAction("greet", config(engine)), *turn)
    assert re.fullmatch("[0-9a-f]{32}", result.trace_id)
    assert result.trace_id.strip("0")
    sent = [header(request, "X-MM-Call-Id") for request in engine.requests]
    assert len(set(sent)) == len(sent) == 2
    assert all(result.trace_id in header(request) for request in engine.requests)


def test_without_an_sdk_the_context_that_a_caller_gave_is_passed_on(invoke, turn):
    given = otel.SpanContext(0x4BF92F35, 0xF067AA0B, is_remote=True, trace_flags=otel.TraceFlags(1))
    engine = ScriptedEngine(refused(), {})
    with (
        instrument(tracer_provider=otel.NoOpTracerProvider()),
        otel.use_span(otel.NonRecordingSpan(given)),
    ):
        result = invoke(CustomAction("greet", config(engine)), *turn)
    assert result.trace_id == f"{0x4BF92F35:032x}"
    assert {header(request) for request in engine.requests} == {f"00-{0x4BF92F35:032x}-{0xF067AA0B:016x}-01"}
    assert len({header(request, "X-MM-Call-Id") for request in engine.requests}) == 2


def test_a_span_that_cannot_be_begun_costs_no_call(invoke, turn, caplog):
    class Refusing(Sampler):
        def should_sample(self, *arguments, **options):
            raise RuntimeError("no sampling today")

        def get_description(self):
            return "Refusing"

    found = Recorded(sampler=Refusing())
    with instrument(tracer_provider=found.tracers, meter_provider=found.meters):
        result = invoke(CustomAction("greet", config(ScriptedEngine({}))), *turn)
    assert result
    assert result.trace_id
    assert "could not be begun" in caplog.text


def test_nothing_is_recorded_once_it_is_switched_off(invoke, turn):
    found = Recorded()
    instrument(tracer_provider=found.tracers, meter_provider=found.meters).close()
    assert invoke(CustomAction("greet", config(ScriptedEngine({}))), *turn)
    assert found.spans == ()


CALL = """
import sys
import mm_actions
from mm_actions.server import ActionServer

server = ActionServer(drain=0)

@server.action
def greet(request, responder):
    responder.reply("Hello.")

with server.in_thread() as running:
    action = mm_actions.CustomAction("greet", {"url": running.url + "/action"})
    assert action.invoke(mm_actions.Request(text="hi"), mm_actions.DialogueResponder())
print(*sorted(sys.modules))
"""


def test_a_call_and_a_server_load_none_of_the_libraries_that_they_do_not_need():
    loaded = run(CALL).split()
    assert "mm_actions.server.door.asgi" in loaded
    foreign = {name.partition(".")[0] for name in loaded}
    assert not foreign & {"opentelemetry", "prometheus_client", "swagger_ui_bundle", "yaml"}
    assert "mm_actions.telemetry" not in loaded


def test_a_missing_library_is_named_with_its_extra():
    program = (
        "import sys\n"
        "sys.modules['opentelemetry'] = None\n"
        "from mm_actions import ConfigurationError\n"
        "try:\n"
        "    import mm_actions.telemetry\n"
        "except ConfigurationError as error:\n"
        "    print(error)\n"
    )
    assert "mm_actions[telemetry]" in run(program)


def run(program):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("url", "written", "port"),
    [
        ("rasa+https://bot.example/webhook?token=secret", "rasa+https://bot.example/webhook", 443),
        ("grpc://bot.example", "grpc://bot.example", 5055),
        ("grpcs://bot.example:443", "grpcs://bot.example:443", 443),
        ("python:my_actions:server", "python:my_actions:server", None),
        ("mcp+stdio:my-server --token secret", "mcp+stdio:my-server", None),
    ],
)
def test_the_place_of_a_server_is_told_whatever_its_scheme_and_without_what_may_be_secret(url, written, port):
    from mm_actions.telemetry.calls import place_of

    shown, address = place_of(url)
    assert (shown, address.get("server.port")) == (written, port)
