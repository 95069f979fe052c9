"""What Prometheus reads at /metrics."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families
from tests.server.conftest import PATIENCE, Served, assert_problem

from mm_actions import ConfigurationError
from mm_actions.server import ActionServer, BearerTokens
from mm_actions.server.serving.shared_figures import shared_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[[ActionServer], Served]

DURATION = "http_server_request_duration_seconds"


class Figures:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.families = list(text_string_to_metric_families(text))

    def of(self, name: str, **labels: str) -> float:
        found = [sample.value for sample in self.samples(name) if labels.items() <= sample.labels.items()]
        return sum(found)

    def samples(self, name: str) -> Iterator[Any]:
        return (sample for family in self.families for sample in family.samples if sample.name == name)


def scrape(served: Served) -> Figures:
    answer = served.get("/metrics")
    assert answer.status == 200, answer.body
    assert answer.media_type == "text/plain"
    return Figures(answer.body.decode())


def greeting(**settings: Any) -> ActionServer:
    server = ActionServer(drain=0, metrics=True, **settings)

    @server.action
    async def hello(request, responder):
        responder.reply("Hello.")

    @server.action
    def broken(request, responder):
        raise RuntimeError

    return server


def test_calls_are_counted_and_measured_by_action_and_status(serve: Serve) -> None:
    served = serve(greeting())
    for _ in range(3):
        assert served.post({"action": "hello"}).status == 200
    assert served.post({"action": "broken"}).status == 500
    figures = scrape(served)
    count = f"{DURATION}_count"
    labels = {"http_request_method": "POST", "http_route": "/action"}
    assert figures.of(count, **labels, mm_action="hello", http_response_status_code="200") == 3
    assert figures.of(count, **labels, mm_action="broken", http_response_status_code="500") == 1
    assert 0 < figures.of(f"{DURATION}_sum", mm_action="hello") < 3 * PATIENCE
    assert figures.of(f"{DURATION}_bucket", mm_action="hello", le="+Inf") == 3
    (active,) = figures.samples("http_server_active_requests")
    assert active.value == 1, "the scrape itself"


def test_bodies_are_measured(serve: Serve) -> None:
    served = serve(greeting())
    body = b'{"action": "hello"}'
    answer = served.post(body)
    figures = scrape(served)
    assert figures.of("http_server_request_body_size_bytes_sum", mm_action="hello") == len(body)
    assert figures.of("http_server_response_body_size_bytes_sum", mm_action="hello") == len(answer.body)


def test_a_stream_is_measured_to_its_end(serve: Serve) -> None:
    served = serve(greeting())
    answer = served.post({"action": "hello"}, "/action/stream")
    assert answer.status == 200
    figures = scrape(served)
    assert figures.of(f"{DURATION}_count", http_route="/action/stream", mm_action="hello") == 1
    assert figures.of("http_server_response_body_size_bytes_sum", mm_action="hello") == len(answer.body)


def test_what_a_caller_makes_up_makes_no_series(serve: Serve) -> None:
    served = serve(greeting())
    for number in range(20):
        assert served.post({"action": f"fly{number}"}).status == 404
        assert served.get(f"/made/up/{number}").status == 404
        method = ("PROPFIND", "LOCK", "SEARCH", "REPORT")[number % 4]
        assert served.exchange(method, "/action").status == 405
    figures = scrape(served)
    seen = list(figures.samples(f"{DURATION}_count"))
    assert {sample.labels["mm_action"] for sample in seen} == {""}
    assert {sample.labels["http_route"] for sample in seen} == {"/action", ""}
    assert {sample.labels["http_request_method"] for sample in seen} == {"POST", "GET", "_OTHER"}
    assert len(seen) == 3
    assert sum(sample.value for sample in seen) == 60


def test_an_answer_from_the_store_of_keys_is_counted(serve: Serve) -> None:
    served = serve(greeting())
    for _ in range(3):
        served.post({"action": "hello"}, Idempotency_Key="one")
    figures = scrape(served)
    assert figures.of("mm_actions_replayed_calls_total", mm_action="hello") == 2
    assert figures.of(f"{DURATION}_count", mm_action="hello", http_response_status_code="200") == 3


def test_the_load_is_told_as_it_is(serve: Serve, gate: threading.Event) -> None:
    server = greeting(threads=2)
    started = threading.Semaphore(0)

    @server.action(timeout=0.05)
    def stuck(request, responder):
        started.release()
        gate.wait(PATIENCE)

    served = serve(server)
    assert served.post({"action": "stuck"}).status == 504
    assert started.acquire(timeout=PATIENCE)
    figures = scrape(served)
    assert figures.of("mm_actions_threads_abandoned") == 1
    assert figures.of("mm_actions_threads_busy") == 1
    assert figures.of("mm_actions_threads_waiting") == 0
    assert figures.of("mm_actions_tasks_abandoned") == 0
    assert figures.of(f"{DURATION}_count", mm_action="stuck", http_response_status_code="504") == 1


def test_each_server_of_a_process_keeps_figures_of_its_own(serve: Serve) -> None:
    one, other = serve(greeting()), serve(greeting())
    one.post({"action": "hello"})
    assert scrape(one).of(f"{DURATION}_count", mm_action="hello") == 1
    assert scrape(other).of(f"{DURATION}_count", mm_action="hello") == 0


def test_a_registry_of_the_users_holds_the_users_figures_as_well(serve: Serve) -> None:
    registry = CollectorRegistry()
    drinks = Counter("drinks", "Drinks sold.", registry=registry)
    server = ActionServer(drain=0, metrics=registry)

    @server.action
    def sell(request, responder):
        drinks.inc()

    served = serve(server)
    served.post({"action": "sell"})
    figures = scrape(served)
    assert figures.of("drinks_total") == 1
    assert figures.of(f"{DURATION}_count", mm_action="sell") == 1
    with pytest.raises(ConfigurationError, match="of its own"):
        _ = ActionServer(metrics=registry).asgi


def test_figures_are_open_to_all_unless_they_are_guarded(serve: Serve) -> None:
    guards = (BearerTokens("token"),)
    opened = serve(greeting(guards=guards))
    assert opened.get("/metrics").status == 200
    guarded = serve(greeting(guards=guards, open_metrics=False))
    assert_problem(guarded.get("/metrics"), 401)
    assert guarded.get("/metrics", Authorization="Bearer token").status == 200


def test_there_are_no_figures_unless_they_are_asked_for(serve: Serve) -> None:
    assert_problem(serve(ActionServer(drain=0)).get("/metrics"), 404)


def test_openmetrics_is_spoken_to_those_who_ask_for_it(serve: Serve) -> None:
    answer = serve(greeting()).get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.media_type == "application/openmetrics-text"
    assert answer.body.endswith(b"# EOF\n")


def test_a_missing_library_is_named_with_its_extra() -> None:
    program = (
        "import sys\n"
        "sys.modules['prometheus_client'] = None\n"
        "from mm_actions import ConfigurationError\n"
        "from mm_actions.server import ActionServer\n"
        "try:\n"
        "    ActionServer(metrics=True).asgi\n"
        "except ConfigurationError as error:\n"
        "    print(error)\n"
    )
    assert "mm_actions[metrics]" in run(program)


WORKER = """
import urllib.request
from mm_actions.server import ActionServer

server = ActionServer(drain=0, metrics=True)

@server.action
def hello(request, responder):
    responder.reply("Hello.")

with server.in_thread() as running:
    body, headers = b'{"action": "hello"}', {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(running.url + "/action", body, headers), timeout=10).read()
    print(urllib.request.urlopen(running.url + "/metrics", timeout=10).read().decode())
"""


def test_processes_that_share_a_directory_answer_for_each_other(tmp_path: Path) -> None:
    first = Figures(run(WORKER, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)))
    second = Figures(run(WORKER, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)))
    assert first.of(f"{DURATION}_count", mm_action="hello") == 1
    assert second.of(f"{DURATION}_count", mm_action="hello") == 2
    assert second.of(f"{DURATION}_bucket", mm_action="hello", le="+Inf") == 2
    assert len(list(second.samples("mm_actions_threads_busy"))) == 1


STUCK = """
import os, sys, urllib.error, urllib.request
from mm_actions.server import ActionServer

server = ActionServer(drain=0, metrics=True, timeout=0.05)

@server.action
def wait(request, responder):
    sys.stdin.read()

running = server.in_thread().__enter__()
body, headers = b'{"action": "wait"}', {"Content-Type": "application/json"}
try:
    urllib.request.urlopen(urllib.request.Request(running.url + "/action", body, headers), timeout=10)
except urllib.error.HTTPError as error:
    assert error.code == 504
urllib.request.urlopen(running.url + "/metrics", timeout=10).read()  # by then the call has been counted
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def test_what_a_dead_process_counted_counts_on_but_its_load_does_not() -> None:
    with shared_figures() as forget:
        folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
        with subprocess.Popen(
            [sys.executable, "-c", STUCK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as worker:
            assert worker.stdout is not None
            assert int(worker.stdout.readline()) == worker.pid
            worker.kill()
            worker.wait(PATIENCE)
        before = Figures(run(WORKER))
        assert before.of("mm_actions_threads_abandoned") == 1
        forget(worker.pid)
        after = Figures(run(WORKER))
    assert after.of("mm_actions_threads_abandoned") == 0
    assert after.of(f"{DURATION}_count", mm_action="wait", http_response_status_code="504") == 1
    assert after.of(f"{DURATION}_count", mm_action="hello") == 2
    assert not Path(folder).exists()
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


def test_a_directory_that_the_environment_names_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for name in ("gauge_livesum_1.db", "gauge_livesum_12.db", "counter_1.db"):
        (tmp_path / name).touch()
    with shared_figures() as forget:
        forget(1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counter_1.db", "gauge_livesum_12.db"]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    program = "from mm_actions.server import ActionServer\nActionServer(metrics=True).asgi\n"
    missing = str(tmp_path / "missing")
    done = execute(program, PROMETHEUS_MULTIPROC_DIR=missing)
    assert done.returncode != 0
    assert missing in done.stderr.splitlines()[-1]


def execute(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def run(program: str, **environment: str) -> str:
    done = execute(program, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
