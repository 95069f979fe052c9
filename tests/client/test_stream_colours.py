"""What holds for streams in one of the colours, and without a network."""

import asyncio
import threading

import pytest
from tests.example_server.running import run_server

from mm_actions import ConfigurationError, CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.testing import FaultServer, Hang, ScriptedEngine, answer
from transports.http.stream_bench import (
    PATIENCE,
    RESULT,
    Caller,
    begun,
    callers,
    directive,
    in_flight,
    shows,
    whole,
)

URL = "http://server.example/action"


@pytest.fixture(params=["curl", "requests", "aiohttp"])
def engine(request):
    yield request.param
    close_endpoints()


def turn():
    return Request(text="hi"), DialogueResponder(frame={"kept": 1})


def test_cancelling_a_task_leaves_no_connection_permit_or_task(engine):
    async def cancel(action):
        shown = asyncio.Event()
        request, responder = turn()

        async def take():
            async for _ in action.stream_async(request, responder):
                shown.set()

        task = asyncio.create_task(take())
        await shown.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert in_flight(action) == 0
        assert responder.directives == []
        return asyncio.all_tasks() - {asyncio.current_task()}

    with FaultServer([begun(shows()), Hang()]) as server, asyncio.Runner() as runner:
        action = Caller(engine, "async", runner).action(server.url)
        assert runner.run(cancel(action)) == set()
        server.wait_until_deserted()


def test_cancelling_before_the_first_byte_leaves_nothing_either(engine):
    async def cancel(action, server):
        stream = action.stream_async(*turn())
        task = asyncio.create_task(anext(stream))
        await asyncio.to_thread(server.wait_for_requests, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return asyncio.all_tasks() - {asyncio.current_task()}

    with FaultServer(Hang()) as server, asyncio.Runner() as runner:
        action = Caller(engine, "async", runner).action(server.url)
        assert runner.run(cancel(action, server)) == set()
        server.wait_until_deserted()
        assert in_flight(action) == 0


def test_a_loop_that_waits_for_a_stream_does_other_work(engine):
    async def work(action):
        stream = action.stream_async(*turn())
        waiting = asyncio.create_task(anext(stream))
        turns = 0
        while turns < 100:
            await asyncio.sleep(0)
            turns += 1
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    with FaultServer(Hang()) as server, asyncio.Runner() as runner:
        runner.run(work(Caller(engine, "async", runner).action(server.url)))


def test_many_streams_at_once_on_one_loop(engine):
    async def take(action):
        return [each async for each in action.stream_async(*turn())]

    async def take_all(action):
        return await asyncio.gather(*(take(action) for _ in range(20)))

    with FaultServer(whole(shows(), RESULT)) as server, asyncio.Runner() as runner:
        action = Caller(engine, "async", runner).action(server.url, timeout=PATIENCE)
        assert runner.run(take_all(action)) == [[directive()]] * 20
        assert in_flight(action) == 0


def test_a_blocking_stream_may_be_read_on_another_thread(engine):
    with FaultServer(whole(shows("one"), shows("two"), RESULT)) as server, asyncio.Runner() as runner:
        stream = Caller(engine, "sync", runner).action(server.url).stream(*turn())
        taken = [next(stream)]
        reader = threading.Thread(target=lambda: taken.extend(stream))
        reader.start()
        reader.join(PATIENCE)
    assert (taken, stream.result.kind) == ([directive("one"), directive("two")], "ok")


def test_a_closed_stream_gives_no_more(engine):
    with FaultServer([begun(shows()), Hang()]) as server, asyncio.Runner() as runner:
        stream = Caller(engine, "sync", runner).action(server.url).stream(*turn())
        next(stream)
        stream.close()
        stream.close()
        assert list(stream) == []


def test_a_stream_that_was_never_begun_sends_nothing(engine):
    with FaultServer() as server, asyncio.Runner() as runner:
        with Caller(engine, "sync", runner).action(server.url).stream(*turn()):
            pass
        assert server.request_count == 0


def test_the_time_runs_from_the_first_step():
    action = CustomAction("greet", {"url": URL, "engine": ScriptedEngine({}), "timeout": 0.05})
    stream = action.stream(*turn())
    gate = threading.Event()
    gate.wait(0.06)
    assert list(stream) == []
    assert stream.result


def test_a_blocking_stream_on_an_event_loop_is_warned_of():
    async def mistake():
        action = CustomAction("greet", {"url": URL, "engine": ScriptedEngine({})})
        with pytest.warns(RuntimeWarning, match="stream_async"):
            list(action.stream(*turn()))

    asyncio.run(mistake())


@pytest.fixture(params=["sync", "async"])
def take(request):
    """Take all directives of a stream in either colour."""

    def blocking(action, responder):
        stream = action.stream(Request(text="hi"), responder)
        return list(stream), stream.result

    async def waiting(action, responder):
        stream = action.stream_async(Request(text="hi"), responder)
        return [each async for each in stream], stream.result

    if request.param == "sync":
        return blocking
    return lambda action, responder: asyncio.run(waiting(action, responder))


def test_a_scripted_answer_arrives_as_its_directives(take):
    engine = ScriptedEngine({"directives": [directive("one"), directive("two")], "frame": {"a": 1}})
    responder = DialogueResponder()
    directives, result = take(CustomAction("greet", {"url": URL, "engine": engine}), responder)
    assert directives == [directive("one"), directive("two")]
    assert (result.kind, responder.directives, responder.frame) == ("ok", directives, {"a": 1})
    assert engine.requests[0].url == URL + "/stream"


def test_a_scripted_response_arrives_as_it_is(take):
    engine = ScriptedEngine(answer({"title": "no"}, 500, content_type="application/problem+json"))
    _, result = take(CustomAction("greet", {"url": URL, "engine": engine, "retries": 0}), DialogueResponder())
    assert (result.kind, result.error.problem.title) == ("server-failed", "no")


def test_the_answer_replaces_where_it_is_not_to_be_merged(take):
    engine = ScriptedEngine({"directives": [directive()], "frame": {"a": 1}})
    responder = DialogueResponder(frame={"kept": 1})
    take(CustomAction("greet", {"url": URL, "engine": engine}, merge=False), responder)
    assert responder.frame == {"a": 1}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://h/", "http://h/stream"),
        ("http://h/v2/action/", "http://h/v2/action/stream"),
        ("http://h/action?tenant=1", "http://h/action/stream?tenant=1"),
    ],
)
def test_the_path_is_below_that_of_the_action(url, path):
    engine = ScriptedEngine({})
    list(CustomAction("greet", {"url": url, "engine": engine}).stream(*turn()))
    assert engine.requests[0].url == path


def test_an_engine_of_ones_own_without_streams_is_told_what_it_lacks():
    class Plain:
        def send(self, request):
            return answer(status=204)

        async def send_async(self, request):
            return self.send(request)

        def close(self):
            pass

    action = CustomAction("greet", {"url": URL, "engine": Plain()})
    assert action.invoke(*turn())
    with pytest.raises(ConfigurationError, match="open_stream"):
        list(action.stream(*turn()))
    assert in_flight(action) == 0


@pytest.fixture(scope="module")
def sample_server():
    with run_server() as server:
        yield server


@pytest.mark.parametrize(("name", "colour"), list(callers()))
def test_the_sample_server_streams(sample_server, name, colour):
    with asyncio.Runner() as runner:
        caller = Caller(name, colour, runner)
        action = caller.action(sample_server.url, "find_nearest_store")
        taken = caller.take(action)
        refused = caller.take(caller.action(sample_server.url, "refuse"))
        close_endpoints()
    assert taken.directives
    assert taken.result.answer.directives == taken.directives
    assert taken.responder.directives[1:] == taken.directives
    assert (refused.result.kind, refused.unchanged) == ("request-refused", True)
