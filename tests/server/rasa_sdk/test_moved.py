"""One package of actions, moved without an edit between a server of rasa_sdk and the ways of ours."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.rasa_sdk.moved import DOMAIN, server

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.contract.codec import encode
from rasa_peer import rasa_sdk_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from mm_actions import ActionResult

    Settings = Mapping[str, Any]

TESTS = Path(__file__).parents[2]
ASSISTANT = {"rasa": {"domain": str(DOMAIN)}}


@contextmanager
def _peer(*, grpc: bool) -> Iterator[Settings]:
    with rasa_sdk_server(grpc=grpc) as peer:
        yield {"url": peer.url, **ASSISTANT}


@contextmanager
def _contract() -> Iterator[Settings]:
    with server.in_thread() as running:
        yield {"url": f"{running.url}/action"}


@contextmanager
def _command(*, grpc: bool) -> Iterator[Settings]:
    """Serve by ``mm-actions serve``, where no line of ours is beside the actions."""
    ports = ["--grpc", "--grpc-port", "0", "--no-http"] if grpc else ["--rasa", "--port", "0"]
    command = [sys.executable, "-m", "mm_actions.cli", "serve", "rasa_actions", *ports]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[0]
            yield {"url": url if grpc else f"rasa+{url}/webhook", **ASSISTANT}
        finally:
            process.terminate()
            process.communicate(timeout=30)


@contextmanager
def _python(module: str) -> Iterator[Settings]:
    yield {"url": f"python:{module}"}


HOSTS: dict[str, Callable[[], AbstractContextManager[Settings]]] = {
    "rasa_sdk": lambda: _peer(grpc=False),
    "rasa_sdk_grpc": lambda: _peer(grpc=True),
    "contract": _contract,
    "serve --rasa": lambda: _command(grpc=False),
    "serve --grpc": lambda: _command(grpc=True),
    "python": lambda: _python("rasa_actions"),
    "python with a domain": lambda: _python("tests.server.rasa_sdk.moved"),
}
OURS = [name for name in HOSTS if not name.startswith("rasa_sdk")]
NEED_A_DOMAIN = {"action_echo", "validate_booking_form"}
TURN = {"text": "Ten please", "context": {"sender_id": "ann"}}
CASES: dict[str, dict[str, Any]] = {
    "action_hello": {},
    "action_buttons": {},
    "action_template": {},
    "action_rich": {},
    "action_echo": {"frame": {"city": "Bonn", "count": 3}, "slots": {"share": 0.5}},
    "action_slots": {},
    "action_followup": {},
    "action_reset": {"frame": {"city": "Bonn"}},
    "action_others": {},
    "action_count": {"slots": {"count": 5}},
    "action_reject": {},
    "action_crash": {},
    "action_missing": {},
    "validate_booking_form": {
        "frame": {"rasa": {"active_loop": {"name": "booking_form"}}},
        "slots": {"people": "many"},
    },
    "action_validate_slot_mappings": {},
    "action_stream": {},
    "action_stream_twice": {},
    "action_stream_crash": {},
}


@pytest.fixture(scope="module")
def hosts() -> Iterator[Callable[[str], Settings]]:
    with ExitStack() as stack:
        running: dict[str, Settings] = {}

        def host(name: str) -> Settings:
            if name not in running:
                running[name] = stack.enter_context(HOSTS[name]())
            return running[name]

        yield host
        close_endpoints()


def _called(settings: Settings, action: str) -> tuple[ActionResult, dict[str, Any]]:
    responder = DialogueResponder(**{name: dict(value) for name, value in CASES[action].items()})
    result = CustomAction(action, {"timeout": 20, "retries": 0, **settings}).invoke(
        Request(**TURN), responder
    )
    said = {"directives": responder.directives, "frame": responder.frame, "slots": responder.slots}
    return result, said


@pytest.mark.parametrize(
    ("host", "action"),
    [
        (host, action)
        for host in OURS
        for action in CASES
        if host != "python" or action not in NEED_A_DOMAIN  # actions alone bring none; the next host has one
    ],
)
def test_moved_actions_give_the_same(hosts: Callable[[str], Settings], host: str, action: str) -> None:
    there, said_there = _called(hosts("rasa_sdk"), action)
    here, said_here = _called(hosts(host), action)
    assert type(here.error) is type(there.error)
    assert said_here == said_there
    if host != "serve --grpc":  # its messages have one kind of number, so that 1.0 is 1
        assert encode(said_here) == encode(said_there)
    assert bool(here) is (
        action not in {"action_reject", "action_crash", "action_missing", "action_stream_crash"}
    )


@pytest.mark.parametrize("host", OURS)
def test_what_went_wrong_in_an_action_is_not_told_by_ours(
    hosts: Callable[[str], Settings], host: str
) -> None:
    result, _ = _called(hosts(host), "action_crash")
    assert "hunter2" not in str(result.error) + str(getattr(result.error, "problem", ""))


STREAMS = ["action_stream", "action_stream_twice", "action_stream_crash", "action_buttons"]


@pytest.mark.parametrize("action", STREAMS)
@pytest.mark.parametrize("host", OURS)
def test_moved_actions_stream_the_same(hosts: Callable[[str], Settings], host: str, action: str) -> None:
    there, here = _streamed(hosts("rasa_sdk_grpc"), action), _streamed(hosts(host), action)
    assert here == there


def _streamed(settings: Settings, action: str) -> tuple[list[Any], list[Any], dict[str, Any], str]:
    """Give what came on the way, and what the responder holds at the end; ids are numbered as they come."""
    responder = DialogueResponder()
    stream = CustomAction(action, {"timeout": 20, **settings}).stream(Request(**TURN), responder)
    came = list(stream)
    ids: dict[str, int] = {}

    def plain(directives: list[Any]) -> list[Any]:
        found = deepcopy(directives)
        for one in found:
            if one["type"] == "stream":
                one["payload"]["response_id"] = ids.setdefault(one["payload"]["response_id"], len(ids))
        return found

    return plain(came), plain(responder.directives), responder.slots, type(stream.result.error).__name__
