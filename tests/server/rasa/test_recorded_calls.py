"""What a real Rasa 3.6 sent to a real rasa_sdk 3.6, sent to our doors with the same actions behind them.

Over HTTP the very bodies are posted and nothing is normalised; over gRPC the same calls travel as messages,
in which 1 and 1.0 are one number.
"""

from __future__ import annotations

import http.client
import json
import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.server.conftest import PATIENCE
from tests.server.rasa_sdk.conftest import hosting, module_of

from mm_actions.dialects.rasa import proto
from mm_actions.dialects.rasa.wire import read_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECORDED = Path(__file__).parents[2] / "rasa_recorded"
CALLS = [
    pytest.param(folder, call, id=f"{folder.name}-{number}")
    for folder in sorted(RECORDED.iterdir())
    for number, call in enumerate(json.loads((folder / "action_calls.json").read_text(encoding="utf-8")))
]
CODES = {400: grpc.StatusCode.INTERNAL, 404: grpc.StatusCode.NOT_FOUND, 500: grpc.StatusCode.INTERNAL}


def known(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the events but the one of a kind that assistants refuse, which rasa_sdk let through."""
    return [event for event in answer["events"] if event["event"] != "no_such_event"]


def said(responses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out which members the domain has: in messages it has all that there are, and no others."""
    return [
        {**response, "text": re.sub(r"(domain=True) \[.*\]", r"\1", response["text"] or "")}
        for response in responses
    ]


@pytest.fixture(scope="module")
def serving() -> Iterator[Callable[[Path], Any]]:
    """Serve the actions of a recording, once."""
    with ExitStack() as servers:
        running: dict[Path, Any] = {}

        def serving(folder: Path) -> Any:
            if folder not in running:
                server = hosting(module_of(folder / "actions.py"), rasa=True, drain=0, loop_alarm=0)
                running[folder] = servers.enter_context(server.in_thread(grpc_port=0))
            return running[folder]

        yield serving


@pytest.mark.parametrize(("folder", "recorded"), CALLS)
def test_the_door_answers_as_rasa_sdk_answered(
    serving: Callable[[Path], Any], folder: Path, recorded: dict[str, Any]
) -> None:
    connection = http.client.HTTPConnection(serving(folder).url.partition("://")[2], timeout=PATIENCE)
    try:
        body = json.dumps(recorded["request"])
        connection.request("POST", "/webhook", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    theirs = recorded["response"]
    assert response.status == recorded["status"]
    assert response.headers["Content-Type"] == "application/json"
    if response.status == 200:
        assert (answer["events"], answer["responses"]) == (known(theirs), theirs["responses"])
    else:
        assert answer["action_name"] == recorded["request"]["next_action"]
    if response.status == 400:
        assert answer["error"] == theirs["error"]
    if response.status == 500:
        assert "boom" not in json.dumps(answer)


@pytest.mark.parametrize(("folder", "recorded"), CALLS)
def test_the_door_of_grpc_answers_as_rasa_sdk_answered(
    serving: Callable[[Path], Any], folder: Path, recorded: dict[str, Any]
) -> None:
    call = read_call(json.dumps(recorded["request"]).encode())
    assert call is not None
    with grpc.insecure_channel(serving(folder).grpc_url.partition("://")[2]) as channel:
        webhook = channel.unary_unary(
            f"/{proto.SERVICE}/Webhook",
            proto.WebhookRequest.SerializeToString,
            proto.WebhookResponse.FromString,
        )
        if recorded["status"] == 200:
            answer = proto.answer_of_message(webhook(proto.request_message(call), timeout=PATIENCE))
            theirs = recorded["response"]
            assert answer.events == known(theirs)
            assert said(answer.responses) == said(theirs["responses"])
            return
        with pytest.raises(grpc.RpcError) as failure:
            webhook(proto.request_message(call), timeout=PATIENCE)
    assert failure.value.code() is CODES[recorded["status"]]
    assert "boom" not in failure.value.details()
