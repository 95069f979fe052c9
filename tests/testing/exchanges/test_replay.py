"""Replay: the same answers are the same, another one is found, and what may differ may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.testing.exchanges.exchanging import call, put, reply, send

from mm_actions import load_config
from mm_actions.errors import ConfigurationError, ConnectFailed
from mm_actions.server import ActionServer, BearerTokens
from mm_actions.testing import Answer, FaultServer, InOrder, Reset
from mm_actions.testing.exchanges import Recorder, Replay, Replayed, Shelf, read_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mm_actions.testing import CertificateAuthority


def replayed(folder: Path, url: str, *ignore: str, **options: Any) -> list[Replayed]:
    settings = load_config({"url": url, "timeout": 5, **options}).server_of("")[1]
    return list(Replay(settings, ignore).run(read_folder(folder)))


def found(folder: Path, answer: Answer | Reset, *ignore: str) -> list[tuple[str, Any, Any]]:
    """The differences of a single exchange from what a server answers now."""
    with FaultServer(answer) as server:
        (one,) = replayed(folder, server.url, *ignore)
    return [(where, str(then) if "absent" in str(then) else then, str(now) if "absent" in str(now) else now)
            for where, then, now in one.differences]  # fmt: skip


def shop(price: float = 4.5) -> ActionServer:
    """A server whose answers hold what is new each time."""
    server = ActionServer(ui=False, guards=(BearerTokens("a-token"),))

    @server.action
    async def order(request, responder):
        shop.orders = getattr(shop, "orders", 0) + 1
        responder.frame["order"] = {"id": shop.orders, "price": price}
        responder.reply("ordered")

    @server.action
    async def talk(request, responder):
        responder.reply("one")
        await responder.flush()
        responder.reply("two")

    return server


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """What was recorded before the shop: an order, a stream, a failure and the catalogue."""
    folder, token = tmp_path / "recorded", {"Authorization": "Bearer a-token"}
    with shop().in_thread() as running:
        settings = load_config({"url": running.url}).server_of("")[1]
        with Recorder(settings, Shelf(folder)) as recorder:
            send(f"{recorder.url}/action", call("order"), headers=token)
            send(f"{recorder.url}/action/stream", call("talk"), headers=token)
            send(f"{recorder.url}/action", call("nobody"), headers=token)
            send(f"{recorder.url}/actions", method="GET", headers=token)
    return folder


def test_a_server_that_answers_as_before_differs_in_what_is_new_each_time_alone(recorded: Path) -> None:
    with shop().in_thread() as running:
        first, *others = replayed(recorded, running.url, auth={"bearer": "a-token"})
        assert [(where, type(now)) for where, _, now in first.differences] == [("/frame/order/id", int)]
        assert [one.differences for one in others] == [()] * 3
        ignoring = replayed(recorded, running.url, "frame.order.id", auth={"bearer": "a-token"})
    assert all(not one.differences and one.skipped is None for one in ignoring)
    assert [one.action for one in ignoring] == ["order", "talk", "nobody", None]


def test_a_changed_member_is_found(recorded: Path) -> None:
    with shop(price=4.75).in_thread() as running:
        first, *_ = replayed(recorded, running.url, "order.id", auth={"bearer": "a-token"})
    assert first.differences == (("/frame/order/price", 4.5, 4.75),)


def test_what_was_recorded_is_what_a_mock_server_answers(recorded: Path, mock: Callable[..., str]) -> None:
    done = replayed(recorded, mock(recorded), "actions")
    assert [one.differences for one in done] == [()] * 4


def test_a_missing_credential_is_found_by_its_status(recorded: Path) -> None:
    with shop().in_thread() as running:
        first, *_ = replayed(recorded, running.url)
    assert first.differences[0][:3] == ("status", 200, 401)


@pytest.mark.parametrize(
    ("now", "differences"),
    [
        ({"frame": {"a": 1, "b": [1, 2]}}, []),
        ({"frame": {"a": True, "b": [1, 2]}}, [("/frame/a", 1, True)]),
        ({"frame": {"a": 1, "b": [1]}}, [("/frame/b/1", 2, "(absent)")]),
        ({"frame": {"a": 1, "b": [1, 2, 3]}}, [("/frame/b/2", "(absent)", 3)]),
        ({"frame": {"a": 1, "b": {"c": 1}}}, [("/frame/b", [1, 2], {"c": 1})]),
        ({"frame": {"a": 1, "b": [1, 2], "x/y": None}}, [("/frame/x~1y", "(absent)", None)]),
        ({"frame": None}, [("/frame", {"a": 1, "b": [1, 2]}, None)]),
        ([], [("answer", {"frame": {"a": 1, "b": [1, 2]}}, [])]),
    ],
)
def test_members_are_compared_to_the_innermost(tmp_path: Path, now: Any, differences: list[Any]) -> None:
    put(tmp_path, "1", request=call("a"), answer={"frame": {"a": 1, "b": [1, 2]}})
    assert found(tmp_path, Answer(json=now)) == differences


def test_what_was_redacted_is_equal_to_anything(tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("a"), answer={"frame": {"token": "[redacted]"}})
    assert found(tmp_path, Answer(json={"frame": {"token": "new"}})) == []


def test_bodies_that_are_no_json_are_compared_as_text(tmp_path: Path) -> None:
    put(
        tmp_path,
        "1",
        request_text="{broken",
        status=400,
        headers={"Content-Type": "text/plain"},
        answer_text="no",
    )
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    assert found(tmp_path, Answer(400, body=b"no", headers=plain)) == []
    assert found(tmp_path, Answer(400, body=b"yes", headers=plain)) == [("answer", "no", "yes")]
    assert found(tmp_path, Answer(400, body=b"", headers=plain)) == [("answer", "no", "(absent)")]
    problem = Answer(400, json={}, headers={"Content-Type": "application/problem+json"})
    assert [where for where, *_ in found(tmp_path, problem)] == ["content-type", "answer"]


def test_no_answer_at_all_is_a_difference(tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("a"), answer={})
    ((where, then, now),) = found(tmp_path, Reset())
    assert (where, then) == ("status", 200)
    assert now.startswith("none: ")


def test_what_cannot_be_sent_or_compared_is_skipped(tmp_path: Path) -> None:
    put(tmp_path, "1", method="DELETE", path="/action", answer={})
    put(tmp_path, "2", omitted={"request": "9 bytes are more than 8"}, answer={})
    put(tmp_path, "3", request=call("a"), broken="the server reset the connection")
    with FaultServer(Answer(json={})) as server:
        done = replayed(tmp_path, server.url)
        assert server.request_count == 0
    assert [one.skipped for one in done] == [
        "DELETE is not sent again",
        "its request is not in the file: 9 bytes are more than 8",
        "its answer is not whole: the server reset the connection",
    ]


def test_headers_of_the_calls_that_are_over_are_not_sent_again(tmp_path: Path) -> None:
    was = {
        "Idempotency-Key": "k",
        "traceparent": "t",
        "Accept": "application/x-ndjson",
        "authorization": "[redacted]",
    }
    put(tmp_path, "1", path="/action/stream?x=1", request_headers=was, request=call("a"), answer={})
    with FaultServer(Answer(json={})) as server:
        replayed(tmp_path, f"{server.url}/base/action", headers={"X-Tenant": "b"}, auth={"hmac": "secret"})
        (request,) = server.requests
    assert request.path == "/base/action/stream?x=1"
    assert request.headers["accept"] == "application/x-ndjson"
    assert request.headers["x-tenant"] == "b"
    assert request.headers["x-mm-signature"].startswith("t=")
    assert not {"idempotency-key", "traceparent", "authorization"} & set(request.headers)
    assert request.json() == call("a")


def test_a_server_that_is_not_there_ends_it(tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("a"), answer={})
    with FaultServer() as server:
        server.refuse()
        with pytest.raises(ConnectFailed):
            replayed(tmp_path, server.url)


def test_a_server_with_mutual_tls_is_asked_as_any_other(tmp_path: Path, ca: CertificateAuthority) -> None:
    put(tmp_path, "1", request=call("a"), answer=reply("hi"))
    client = ca.client()
    files = {"cert": client.ca, "public_key": client.certificate, "private_key": client.private_key}
    tls = ca.server().server_context(client_ca=ca.certificate)
    with FaultServer(InOrder(Answer(json=reply("hi")), then=Answer(json={})), ssl_context=tls) as server:
        assert replayed(tmp_path, server.url_for("localhost"), **files)[0].differences == ()
        assert replayed(tmp_path, server.url_for("localhost"), **files)[0].differences != ()


def test_a_path_of_a_member_is_checked(tmp_path: Path) -> None:
    put(tmp_path, "1", request=call("a"), answer={})
    with pytest.raises(ConfigurationError, match="names no member"):
        replayed(tmp_path, "http://127.0.0.1:1", "frame.")
