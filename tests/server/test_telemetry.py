"""Spans and figures of a server, and how they go on from those of its caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace as otel
from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult
from opentelemetry.trace import SpanKind, StatusCode
from tests.client.test_telemetry import Recorded
from tests.server.conftest import Served

from mm_actions import CustomAction, DialogueResponder, Request
from mm_actions.server import ActionServer
from mm_actions.telemetry import instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    Serve = Callable[[ActionServer], Served]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    found = Recorded()
    with instrument(tracer_provider=found.tracers, meter_provider=found.meters):
        yield found
    found.tracers.shutdown()
    found.meters.shutdown()


@pytest.fixture(params=["sync", "async"])
def server(request: pytest.FixtureRequest) -> ActionServer:
    server = ActionServer(drain=0)

    def hello(request, responder):
        responder.slots["span"] = f"{otel.get_current_span().get_span_context().span_id:016x}"

    async def hello_async(request, responder):
        hello(request, responder)

    def broken(request, responder):
        raise RuntimeError("secret cause")

    server.action("hello")(hello if request.param == "sync" else hello_async)
    server.action("broken")(broken)
    return server


def spans_of(recorded: Recorded, count: int) -> list[ReadableSpan]:
    """The spans of the server, which end after the answer has left."""
    found = recorded.of_kind(SpanKind.SERVER)
    assert len(found) == count
    return found


def stopped(server: ActionServer, work: Callable[[Served], Any]) -> Any:
    """Serve while something is done; when the server has stopped, every span has ended."""
    with server.in_thread() as running:
        return work(Served(running.url))


def test_a_request_is_a_span_that_continues_its_callers_trace(
    server: ActionServer, recorded: Recorded
) -> None:
    body = b'{"action": "hello"}'
    answer = stopped(server, lambda served: served.post(body, traceparent=TRACEPARENT))
    (span,) = spans_of(recorded, 1)
    assert span.name == "POST /action"
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == CALLER
    attributes = dict(span.attributes or {})
    assert attributes.pop("server.port") > 0
    assert attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/action",
        "http.request.body.size": len(body),
        "http.response.body.size": len(answer.body),
        "url.path": "/action",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "network.protocol.version": "1.1",
        "mm.action": "hello",
    }
    assert span.status.status_code is StatusCode.UNSET


def test_the_span_is_active_where_the_handler_runs(server: ActionServer, recorded: Recorded) -> None:
    answer = stopped(server, lambda served: served.post({"action": "hello"}))
    (span,) = spans_of(recorded, 1)
    assert answer.json["slots"] == {"span": f"{span.context.span_id:016x}"}


def test_a_client_and_a_server_write_one_trace(server: ActionServer, recorded: Recorded) -> None:
    def call(served: Served) -> Any:
        action = CustomAction("hello", {"url": f"{served.url}/action"})
        return action.invoke(Request(text="hi"), DialogueResponder())

    result = stopped(server, call)
    assert result
    (span,) = spans_of(recorded, 1)
    (attempt,) = recorded.of_kind(SpanKind.CLIENT)
    assert span.parent is not None
    assert span.parent.span_id == attempt.context.span_id
    assert {f"{each.context.trace_id:032x}" for each in recorded.spans} == {result.trace_id}


def test_a_stream_is_one_span_on_either_side(
    server: ActionServer, recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = recorded.tracers.get_tracer("app")

    def call(served: Served) -> Any:
        action = CustomAction("hello", {"url": f"{served.url}/action"})
        with tracer.start_as_current_span("turn") as outer:
            with action.stream(Request(text="hi"), DialogueResponder()) as directives:
                for _ in directives:
                    assert otel.get_current_span() is outer
            assert otel.get_current_span() is outer
        return directives.result

    result = stopped(server, call)
    assert result
    (span,) = spans_of(recorded, 1)
    (attempt,) = recorded.of_kind(SpanKind.CLIENT)
    assert (span.name, (span.attributes or {})["mm.action"]) == ("POST /action/stream", "hello")
    assert span.parent is not None
    assert span.parent.span_id == attempt.context.span_id
    assert result.answer is not None
    assert result.answer.slots == {"span": f"{span.context.span_id:016x}"}
    assert "detach" not in caplog.text


def test_a_failure_is_recorded_without_its_text(
    server: ActionServer, recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    answer = stopped(server, lambda served: served.post({"action": "broken"}))
    (span,) = spans_of(recorded, 1)
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "500"
    assert (span.events, span.status.description) == ((), None)
    assert "secret" not in span.to_json()
    assert answer.json["trace_id"] == f"{span.context.trace_id:032x}"
    assert answer.json["trace_id"] in caplog.text


def test_what_the_caller_did_wrong_is_no_error_of_the_server(
    server: ActionServer, recorded: Recorded
) -> None:
    def ask(served: Served) -> None:
        served.post(b"{")
        served.post({"action": "fly"})
        served.get("/made/up")

    stopped(server, ask)
    found = spans_of(recorded, 3)
    assert [span.name for span in found] == ["POST /action", "POST /action", "GET"]
    for span in found:
        assert span.status.status_code is StatusCode.UNSET
        assert "error.type" not in (span.attributes or {})
        assert "mm.action" not in (span.attributes or {})


def test_a_malformed_traceparent_begins_a_trace(server: ActionServer, recorded: Recorded) -> None:
    answer = stopped(server, lambda served: served.post({"action": "fly"}, traceparent="00-zz-1"))
    (span,) = spans_of(recorded, 1)
    assert span.parent is None
    assert answer.json["trace_id"] == f"{span.context.trace_id:032x}"


def test_health_checks_are_not_traced(server: ActionServer, recorded: Recorded) -> None:
    stopped(server, lambda served: [served.get("/healthz"), served.get("/readyz")])
    spans_of(recorded, 0)


def test_an_answer_from_the_store_of_keys_says_so(server: ActionServer, recorded: Recorded) -> None:
    def twice(served: Served) -> None:
        for _ in range(2):
            served.post({"action": "hello"}, Idempotency_Key="one")

    stopped(server, twice)
    first, second = spans_of(recorded, 2)
    assert "mm.replayed" not in (first.attributes or {})
    assert (second.attributes or {})["mm.replayed"] is True
    assert (second.attributes or {})["mm.action"] == "hello"


def test_requests_are_measured(server: ActionServer, recorded: Recorded) -> None:
    def ask(served: Served) -> None:
        served.post({"action": "hello"})
        served.post({"action": "broken"})
        served.exchange("PROPFIND", "/made/up")

    stopped(server, ask)
    points = recorded.points("http.server.request.duration")
    assert sorted((dict(point.attributes) for point in points), key=str) == sorted(
        [
            {
                "http.request.method": "POST",
                "url.scheme": "http",
                "http.route": "/action",
                "http.response.status_code": 200,
                "mm.action": "hello",
            },
            {
                "http.request.method": "POST",
                "url.scheme": "http",
                "http.route": "/action",
                "http.response.status_code": 500,
                "error.type": "500",
                "mm.action": "broken",
            },
            {"http.request.method": "_OTHER", "url.scheme": "http", "http.response.status_code": 404},
        ],
        key=str,
    )
    assert {point.value for point in recorded.points("http.server.active_requests")} == {0}


def test_an_observer_that_fails_harms_no_request(
    server: ActionServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(Sampler):
        def should_sample(self, *arguments: Any, **options: Any) -> SamplingResult:
            raise RuntimeError("no sampling today")

        def get_description(self) -> str:
            return "Refusing"

    found = Recorded(sampler=Refusing())
    with instrument(tracer_provider=found.tracers, meter_provider=found.meters):
        answer = stopped(server, lambda served: served.post({"action": "hello"}))
    assert answer.status == 200
    assert "ExchangeSpans failed to watch a request" in caplog.text
