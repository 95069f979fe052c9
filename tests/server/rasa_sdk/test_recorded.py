"""What a real Rasa 3.6 asked of a real rasa_sdk 3.6, asked of the same actions behind our server.

Nothing is normalised: where a call succeeded, each event and each response is compared key by key.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.rasa_sdk.conftest import hosting, module_of, performed

from mm_actions.dialects.rasa.wire import read_call

if TYPE_CHECKING:
    from mm_actions.server import ActionServer

RECORDED = Path(__file__).parents[2] / "rasa_recorded"
CALLS = [
    pytest.param(folder, call, id=f"{folder.name}-{number}")
    for folder in sorted(RECORDED.iterdir())
    for number, call in enumerate(json.loads((folder / "action_calls.json").read_text(encoding="utf-8")))
]


@cache
def server_of(folder: Path) -> ActionServer:
    return hosting(module_of(folder / "actions.py"))


@pytest.mark.parametrize(("folder", "recorded"), CALLS)
def test_a_recorded_call_is_answered_as_rasa_sdk_answered_it(folder: Path, recorded: dict[str, Any]) -> None:
    server = server_of(folder)
    call = read_call(json.dumps(recorded["request"]).encode())
    assert call is not None
    if recorded["status"] == 404:
        assert server.registry.find(call.next_action or "") is None
        return
    ours = performed(server, call)
    theirs = recorded["response"]
    if recorded["status"] == 400:  # what a door says of it, is the door's
        assert ours.body["type"] == "urn:mm-actions:problem:rejected"
        assert ours.body["detail"] == theirs["error"]
        assert ours.body["action"] == theirs["action_name"]
    elif recorded["status"] == 500:
        assert ours.status == 500
        assert "boom" in theirs["error"]
        assert "boom" not in json.dumps(ours.body)
    else:
        assert ours.status == 200
        assert ours.events == theirs["events"]
        assert ours.responses == theirs["responses"]


def test_there_are_recordings() -> None:
    assert len(CALLS) >= 38
    assert {call.values[1]["status"] for call in CALLS} == {200, 400, 404, 500}
