"""Several processes at one port: killed, replaced, stopped."""

from __future__ import annotations

import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Self

import pytest
from tests.server.conftest import PATIENCE, assert_problem
from tests.server.served_module import MODULE, Held, Load, ServedModule, serving

from mm_actions import CustomAction, DialogueResponder, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Serve = Callable[..., ServedModule]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    serve, end = serving(tmp_path)
    yield serve
    end()


def workers_of(served: ServedModule, count: int) -> set[int]:
    """Ask until every worker has answered."""
    found: set[int] = set()
    while len(found) < count:
        found.add(served.hello()["frame"]["process"])
    return found


@pytest.mark.parametrize("workers", [1, 3])
def test_told_to_stop_under_load_no_call_fails_and_the_exit_code_is_0(serve: Serve, workers: int) -> None:
    served = serve("--workers", workers, "--no-access-log")
    with Load(served) as load:
        held = Held(served)
        served.process.send_signal(signal.SIGTERM)
        load.until_refused()
        assert held.answers == []
        assert held.let_go().json["directives"][0]["payload"]["text"] == "version 1"
    assert served.process.wait(PATIENCE) == 0
    assert load.failures == []


def test_told_to_stop_all_workers_withdraw_readiness_at_once(serve: Serve) -> None:
    served = serve("--workers", 2, "--drain", 30)
    workers_of(served, 2)
    served.process.send_signal(signal.SIGTERM)
    served.until_logged("stopping on SIGTERM")
    refusals = 0
    while refusals < 20:  # of either worker
        answer = served.get("/readyz")
        if answer.status == 200:  # the word may take a turn of the event loop
            refusals = 0
            continue
        assert_problem(answer, 503)
        refusals += 1
    assert served.hello()
    assert served.stop() == 0  # asked again, they do not wait for the time to drain


def test_a_signal_that_reaches_all_processes_is_one_signal(serve: Serve) -> None:
    served = serve("--workers", 2)
    with Load(served) as load:
        os.killpg(served.process.pid, signal.SIGTERM)
        load.until_refused()
    assert served.process.wait(PATIENCE) == 0
    assert load.failures == []


def test_an_interrupt_at_the_terminal_stops_all(serve: Serve) -> None:
    served = serve("--workers", 2)
    os.killpg(served.process.pid, signal.SIGINT)
    assert served.process.wait(PATIENCE) == 0
    assert "Traceback" not in served.log


PATIENT = {
    "timeout": 20,
    "retries": 10,
    "idempotent": True,
    "resilience": {
        "retry": {"base": 0.05, "cap": 1},
        "budget": {"reserve": 1000},
        "breaker": {"failures": 1000, "success_ratio": 0},
    },
}


class PatientLoad:
    """Clients of the package, told that the server honours keys, so that they may try again."""

    def __init__(self, served: ServedModule, clients: int = 4) -> None:
        self._action = CustomAction("hello", {"url": f"{served.url}/action", **PATIENT})
        self._ending = threading.Event()
        self._called = threading.Semaphore(0)
        self.failures: list[object] = []
        self.attempts = 0
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self.until_called(20)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def until_called(self, times: int) -> None:
        """Wait for so many more calls that have succeeded."""
        for _ in range(times):
            assert self._called.acquire(timeout=2 * PATIENCE), self.failures

    def _call(self) -> None:
        while not self._ending.is_set() and not self.failures:
            result = self._action.invoke(Request(), DialogueResponder())
            self.attempts += result.attempts
            if result:
                self._called.release()
            else:
                self.failures.append(result.error)


def test_a_worker_that_is_killed_is_replaced_and_clients_that_try_again_see_nothing(serve: Serve) -> None:
    served = serve("--workers", 2, "--no-access-log")
    with PatientLoad(served) as load:
        for count, victim in enumerate(workers_of(served, 2), start=1):
            os.kill(victim, signal.SIGKILL)
            served.until_logged(f"worker {victim} ended by SIGKILL; another one is started in 0.1 s")
            served.until_logged("in the place of worker", times=count)
            load.until_called(40)
    assert load.failures == []
    assert served.stop() == 0


def test_a_server_that_is_killed_and_restarted_is_missed_no_longer_than_that(serve: Serve) -> None:
    served = serve("--no-access-log")
    with PatientLoad(served) as load:
        served.process.kill()
        served.process.wait(PATIENCE)
        again = serve("--port", served.port, "--no-access-log")
        load.until_called(200)
    assert load.failures == []
    assert load.attempts > 200
    assert again.stop() == 0


@pytest.mark.slow
def test_keys_in_a_file_outlive_a_kill_and_what_was_in_progress_is_carried_out_after_its_lease(
    serve: Serve, tmp_path: Path
) -> None:
    """A process that died holds the keys of its calls for up to 30 s; the deadline must be longer."""
    served = serve("--workers", 2, "--keys", "keys.sqlite", "--no-access-log")
    action = CustomAction("hello", {"url": f"{served.url}/action", **PATIENT, "timeout": 45})
    results: list[object] = []
    ending = threading.Event()

    def call() -> None:
        while not ending.is_set():
            results.append(action.invoke(Request(), DialogueResponder()))

    threads = [threading.Thread(target=call, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for victim in workers_of(served, 2):
        os.kill(victim, signal.SIGKILL)
    served.until_logged("in the place of worker", times=2)
    ending.set()
    for thread in threads:
        thread.join(50)
        assert not thread.is_alive()
    assert [result for result in results if not result] == []
    assert served.stop() == 0


def test_a_worker_that_does_not_come_up_is_tried_again_after_ever_longer_pauses(
    serve: Serve, tmp_path: Path
) -> None:
    served = serve("--workers", 2)
    served.write("raise RuntimeError('the shop is closed')\n")
    os.kill(served.hello()["frame"]["process"], signal.SIGKILL)
    served.until_logged(
        "ended and its successor as well: actions cannot be imported: RuntimeError: the shop is closed;"
        " another one is started in 0.2 s"
    )
    served.until_logged("another one is started in 0.4 s")
    assert served.hello()
    served.write(MODULE)
    served.until_logged("in the place of worker")
    workers_of(served, 2)
    assert served.stop() == 0


def test_one_worker_told_to_stop_answers_what_it_has_and_is_replaced(serve: Serve) -> None:
    served = serve("--workers", 2)
    with Load(served) as load:
        os.kill(served.hello()["frame"]["process"], signal.SIGTERM)
        served.until_logged("ended with exit code 0; another one is started")
        served.until_logged("in the place of worker")
    assert load.failures == []
    assert served.get("/readyz").status == 200
    assert served.stop() == 0


def test_a_hangup_starts_all_workers_anew_and_no_call_fails(serve: Serve) -> None:
    served = serve("--workers", 2)
    before = workers_of(served, 2)
    with Load(served) as load:
        served.process.send_signal(signal.SIGHUP)
        served.until_logged("SIGHUP: serving hello, hold")
        while served.hello()["frame"]["process"] in before:
            pass
    assert load.failures == []
    assert served.stop() == 0


def test_workers_whose_supervisor_is_killed_answer_what_they_have_and_free_the_port(serve: Serve) -> None:
    served = serve("--workers", 2)
    held = Held(served)
    served.process.kill()
    served.process.wait(PATIENCE)
    while True:
        try:
            served.raw().close()
        except ConnectionRefusedError:
            break
        except ConnectionResetError:
            continue
    assert held.let_go().status == 200
    with socket.create_server(("127.0.0.1", served.port)):
        pass


def test_the_first_workers_that_cannot_serve_end_the_command(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "actions.py").write_text("import nowhere_to_be_found\n", encoding="utf-8")
    served = serve("--workers", 3)
    assert served.process.wait(PATIENCE) == 70
    served.end()
    assert served.line == ""
    assert served.log.count("Traceback") == 1
    assert "mm-actions: actions cannot be imported: ModuleNotFoundError" in served.log


def test_several_workers_whose_keys_are_apart_are_warned_of(serve: Serve) -> None:
    served = serve("--workers", 2)
    served.until_logged("answers are kept by Idempotency-Key in each of 2 processes")
    shared = serve("--workers", 2, "--keys", "keys.sqlite")
    first = shared.post({"action": "hello"}, Idempotency_Key="one")
    replays = [shared.post({"action": "hello"}, Idempotency_Key="one") for _ in range(20)]
    assert {answer.body for answer in replays} == {first.body}
    assert {answer.headers["idempotent-replayed"] for answer in replays} == {"true"}
    assert shared.stop() == 0
    assert "in each of" not in shared.log


def test_figures_are_those_of_all_workers_without_what_dead_ones_had_in_progress(
    serve: Serve, tmp_path: Path
) -> None:
    shared = tmp_path / "figures"
    shared.mkdir()
    variables = {"PROMETHEUS_MULTIPROC_DIR": str(shared), "MM_ACTIONS_SERVE_METRICS": "true"}
    served = serve("--workers", 2, **variables)
    for victim in workers_of(served, 2):
        assert list(shared.glob(f"gauge_livesum_{victim}.db"))
        os.kill(victim, signal.SIGKILL)
        served.until_logged(f"worker {victim} ended by SIGKILL")
        assert not list(shared.glob(f"gauge_livesum_{victim}.db"))
    served.until_logged("in the place of worker", times=2)
    assert b"http_server_request_duration_seconds_count" in served.get("/metrics").body
    assert served.stop() == 0
