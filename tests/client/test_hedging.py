"""Two attempts of one call in a race: who wins, and what is left of the other."""

import asyncio
import json
import threading

import pytest

from client.scripts import config, refused
from forking import holds_in_child
from mm_actions import CustomAction, DialogueResponder, Request
from mm_actions.errors import ConfigurationError, ConnectionLost, InProgress, RequestRefused, Sent
from mm_actions.testing import ScriptedEngine, answer

HEDGED = {"idempotent": True, "hedge_after": 0.02}


class RacingEngine:
    """Each attempt has a course of its own: events to wait for and to set, and an end."""

    def __init__(self, *courses):
        self.courses = list(courses)
        self.requests = []
        self.called_off = []
        self.came = [asyncio.Event() for _ in courses]

    async def send_async(self, request):
        number = len(self.requests)
        self.requests.append(request)
        self.came[number].set()
        try:
            return await self.courses[number](self)
        except asyncio.CancelledError:
            self.called_off.append(number)
            raise

    def send(self, request):
        return asyncio.run(self.send_async(request))  # a retry: it is not raced

    def close(self):
        pass


async def never(_engine):
    await asyncio.Event().wait()


def says(**members):
    async def course(_engine):
        return answer({"frame": members})

    return course


def fails(error):
    async def course(_engine):
        raise error

    return course


def after_attempt(number, then):
    async def course(engine):
        await engine.came[number].wait()
        return await then(engine)

    return course


def action_on(engine, **more):
    return CustomAction("greet", config(engine, **HEDGED, **more))


def test_a_quick_answer_needs_no_second_attempt(invoke, turn):
    engine = RacingEngine(says(first=1))
    result = invoke(action_on(engine), *turn)
    assert (bool(result), result.attempts, len(engine.requests)) == (True, 1, 1)


def test_the_second_attempt_has_the_same_key_and_body_and_ids_of_its_own(invoke, turn):
    engine = RacingEngine(never, says(second=1))
    result = invoke(action_on(engine), *turn)
    assert (bool(result), result.attempts, turn[1].frame) == (True, 2, {"kept": 1, "second": 1})
    assert engine.called_off == [0]
    first, second = ((dict(request.headers), request.body) for request in engine.requests)
    assert first[1] == second[1]
    assert first[0]["Idempotency-Key"] == second[0]["Idempotency-Key"]
    assert first[0]["X-MM-Call-Id"] != second[0]["X-MM-Call-Id"]
    assert first[0]["traceparent"].split("-")[1] == second[0]["traceparent"].split("-")[1] == result.trace_id


def test_the_first_attempt_may_still_win(invoke, turn):
    engine = RacingEngine(after_attempt(1, says(first=1)), never)
    result = invoke(action_on(engine), *turn)
    assert (result.attempts, turn[1].frame, engine.called_off) == (2, {"kept": 1, "first": 1}, [1])


def test_a_failure_on_the_way_waits_for_the_other_attempt(invoke, turn):
    lost = ConnectionLost("cut", sent=Sent.MAYBE)
    engine = RacingEngine(after_attempt(1, fails(lost)), says(second=1))
    assert invoke(action_on(engine), *turn).attempts == 2
    engine = RacingEngine(after_attempt(1, says(first=1)), fails(refused()))
    assert invoke(action_on(engine), *turn).attempts == 2
    assert turn[1].frame == {"kept": 1, "first": 1, "second": 1}


def test_a_second_attempt_that_comes_too_early_asks_again(invoke, turn):
    running = InProgress("still running", sent=Sent.YES, status=409)
    engine = RacingEngine(never, fails(running), fails(running), says(second=1))
    result = invoke(action_on(engine, retries=0, resilience={"retry": {"base": 0.001}}), *turn)
    assert (bool(result), result.attempts, engine.called_off) == (True, 4, [0])
    assert len({dict(request.headers)["Idempotency-Key"] for request in engine.requests}) == 1
    lost = ConnectionLost("cut", sent=Sent.MAYBE)
    engine = RacingEngine(after_attempt(1, fails(lost)), fails(running), says(second=1))
    assert invoke(action_on(engine), *turn).attempts == 3


def test_the_second_attempt_may_be_the_first_to_arrive(invoke, turn):
    running = InProgress("still running", sent=Sent.YES, status=409)
    engine = RacingEngine(after_attempt(1, fails(running)), never, says(first=1))
    result = invoke(action_on(engine), *turn)
    assert (bool(result), result.attempts, engine.called_off) == (True, 3, [1])


def test_a_second_attempt_asks_again_only_while_there_is_time(invoke, turn):
    running = InProgress("still running", sent=Sent.YES, status=409)
    engine = RacingEngine(after_attempt(1, fails(refused())), *[fails(running)] * 9)
    result = invoke(action_on(engine, timeout=0.1), *turn)
    assert result.kind == "connect-failed"


def test_what_the_server_would_say_again_ends_the_race(invoke, turn):
    engine = RacingEngine(never, fails(RequestRefused("no", sent=Sent.YES, status=422)))
    result = invoke(action_on(engine), *turn)
    assert (result.kind, result.attempts, engine.called_off) == ("request-refused", 2, [0])


def test_a_failure_before_its_time_is_retried_as_ever(invoke, turn):
    engine = RacingEngine(fails(refused()), says(second=1))
    result = invoke(action_on(engine), *turn)
    assert (bool(result), result.attempts, len(engine.requests)) == (True, 2, 2)


def test_after_two_failures_a_retry_is_left_if_the_settings_have_one(invoke, turn):
    lost = ConnectionLost("cut", sent=Sent.MAYBE)
    quick = {"retry": {"base": 0.001}}
    engine = RacingEngine(after_attempt(1, fails(lost)), fails(lost), says(third=1))
    assert invoke(action_on(engine, retries=1, resilience=quick), *turn).attempts == 2
    engine = RacingEngine(after_attempt(1, fails(lost)), fails(lost), says(third=1))
    result = invoke(action_on(engine, retries=2, resilience=quick), *turn)
    assert (bool(result), result.attempts) == (True, 3)


def test_an_action_whose_key_counts_for_nothing_is_not_hedged(turn):
    threads = []
    engine = ScriptedEngine(lambda _request: threads.append(threading.current_thread()) or {})
    settings = config(engine, idempotent=["charge"], hedge_after=0.02)
    assert CustomAction("greet", settings).invoke(*turn)
    assert "Idempotency-Key" not in dict(engine.requests[0].headers)
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"hedge_after": 1}, "idempotent"),
        ({"hedge_after": 5, "idempotent": True}, "shorter than its timeout"),
        ({"hedge_after": 0, "idempotent": True}, "positive number of seconds"),
    ],
)
def test_settings_that_can_never_hedge_are_refused(more, says):
    with pytest.raises(ConfigurationError, match=says):
        CustomAction("greet", config(ScriptedEngine(), **more))


def test_a_caller_who_goes_away_calls_both_attempts_off(turn):
    engine = RacingEngine(never, never)
    action = action_on(engine)

    async def leave():
        task = asyncio.create_task(action.invoke_async(*turn))
        await engine.came[1].wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(leave())
    assert sorted(engine.called_off) == [0, 1]
    assert action._endpoint.guard.bulkhead.in_flight == 0


def loops() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "mm_actions-loop"}


def test_blocking_callers_share_one_loop_and_a_forked_child_has_its_own():
    def course(name):
        return says(**{name: 1})

    engine = RacingEngine(*(course(f"s{number}") for number in range(4)))
    action = action_on(engine)
    assert all(action.invoke(Request(text="hi"), DialogueResponder()) for _ in range(2))
    before = loops()
    assert before
    assert holds_in_child(lambda: action.invoke(Request(text="hi"), DialogueResponder()))
    assert action.invoke(Request(text="hi"), DialogueResponder())
    assert json.loads(engine.requests[-1].body)["action"] == "greet"
    assert loops() <= before
