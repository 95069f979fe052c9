"""The command line before a real rasa_sdk server, over HTTP and gRPC."""

from __future__ import annotations

import json

import pytest

from mm_actions.cli.program import run as program
from rasa_peer import rasa_sdk_server


@pytest.fixture(scope="module")
def grpc_peer():
    with rasa_sdk_server(grpc=True) as server:
        yield server


@pytest.fixture(params=["http", "grpc"])
def url(request, peer):
    return peer.url if request.param == "http" else request.getfixturevalue("grpc_peer").url


def run(capsys, *arguments):
    code = program([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_check_lists_the_actions_and_says_which_one_is_misspelt(capsys, tmp_path, url):
    file = tmp_path / "actions.yaml"
    file.write_text(
        json.dumps({"url": url, "actions": {"action_hello": "default", "action_helo": "default"}})
    )
    code, out, _ = run(capsys, "check", file)
    assert code != 0
    assert "action_stream_twice" in out
    assert "did you mean 'action_hello'?" in out


def test_check_says_that_a_server_is_not_there(capsys, tmp_path):
    for scheme in ("rasa+http", "grpc"):
        file = tmp_path / "actions.yaml"
        file.write_text(json.dumps({"url": f"{scheme}://127.0.0.1:1"}))
        code, out, _ = run(capsys, "check", file)
        assert code == 69
        assert "connection refused" in out


def test_call_shows_what_an_action_answers(capsys, url):
    code, out, _ = run(capsys, "call", "action_hello", "--url", url, "--json")
    assert code == 0
    assert "Hello" in out


def test_call_does_not_pretend_to_know_a_curl_command(capsys, url):
    code, _, err = run(capsys, "call", "action_hello", "--url", url, "--curl")
    assert code == 64
    assert "--curl" in err
