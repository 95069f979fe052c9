from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import JSON, Answer, Served, assert_problem

from mm_actions import ConfigurationError, Secret
from mm_actions.server import ActionServer, BasicUsers, BearerTokens, SignedBodies

if TYPE_CHECKING:
    from collections.abc import Callable

BODY = b'{"action": "hello"}'


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def guarded(serve: Callable[[ActionServer], Served], *guards: Any) -> Served:
    server = ActionServer(drain=0, guards=guards)
    server.action("hello")(lambda request, responder: responder.reply("Hello."))
    return serve(server)


def sign(secret: str, body: bytes = BODY, moment: float | None = None) -> str:
    stamp = str(int(time.time() if moment is None else moment))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def post(served: Served, **headers: str) -> Answer:
    return served.post(BODY, **headers)


def assert_refused(answer: Answer, scheme: str) -> None:
    assert_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith(scheme)


def test_without_guards_anybody_may_call(serve: Callable[..., Served]) -> None:
    assert post(guarded(serve)).status == 200


def test_every_one_of_several_tokens_admits(serve: Callable[..., Served]) -> None:
    served = guarded(serve, BearerTokens("old-token", Secret("new-token")))
    for token in ("Bearer old-token", "bearer new-token", "Bearer  new-token"):
        assert post(served, Authorization=token).status == 200


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", "Bearer toke", "Basic token", "token", "Bearer \u00e9"]
)
def test_no_token_or_a_wrong_one_is_refused(serve: Callable[..., Served], given: str) -> None:
    assert_refused(post(guarded(serve, BearerTokens("token")), Authorization=given), "Bearer")


def test_a_caller_without_credentials_is_refused_whatever_else_is_wrong(
    serve: Callable[..., Served],
) -> None:
    served = guarded(serve, BearerTokens("token"))
    assert_refused(served.exchange("POST", "/action", b"{"), "Bearer")
    assert_refused(served.get("/actions"), "Bearer")
    assert served.get("/actions", Authorization="Bearer token").status == 200


def test_health_is_open_to_all(serve: Callable[..., Served]) -> None:
    served = guarded(serve, BearerTokens("token"), SignedBodies("secret"))
    assert served.get("/healthz").status == 200
    assert served.get("/readyz").status == 200


def test_a_user_is_known_by_name_and_password(serve: Callable[..., Served]) -> None:
    served = guarded(serve, BasicUsers({"ann": "pass:word", "bob": Secret("b")}))

    def basic(pair: str) -> str:
        return "Basic " + base64.b64encode(pair.encode()).decode()

    assert post(served, Authorization=basic("ann:pass:word")).status == 200
    assert post(served, Authorization=basic("bob:b")).status == 200
    for given in (basic("ann:b"), basic("ann"), basic(""), "Basic !!!", "Basic", "Bearer ann"):
        assert_refused(post(served, Authorization=given), "Basic")


def test_every_one_of_several_secrets_verifies(serve: Callable[..., Served]) -> None:
    served = guarded(serve, SignedBodies("old", Secret("new")))
    for secret in ("old", "new"):
        assert post(served, X_MM_Signature=sign(secret)).status == 200
    assert served.get("/actions", X_MM_Signature=sign("new", b"")).status == 200


def test_a_caller_may_sign_with_several_secrets_at_once(serve: Callable[..., Served]) -> None:
    served = guarded(serve, SignedBodies("new"))
    both = f"{sign('old')},v1={sign('new').partition('v1=')[2]},v1a=zz,v2=yy"
    assert post(served, X_MM_Signature=both).status == 200


def test_a_signature_that_does_not_fit_is_refused(serve: Callable[..., Served]) -> None:
    served = guarded(serve, SignedBodies("secret"))
    good = sign("secret")
    stamp, _, digest = good.partition(",v1=")
    reserialised = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
    for given in (
        "",
        sign("other"),
        good[:-1],
        good[:-1] + "\u00e9",
        good.upper(),
        stamp,
        f"v1={digest}",
        f"{stamp},v1=",
        f"{stamp},v1a={digest}",
        f"{stamp},{stamp},v1={digest}",
        f"t=,v1={digest}",
        f"t=+{stamp[2:]},v1={digest}",
        sign("secret", b'{"action": "other"}'),
        sign("secret", reserialised),
        sign("secret", moment=time.time() - 302),
        sign("secret", moment=time.time() + 302),
        stamp + f",v1={digest}" * 9,
        stamp + ",v1=x" * 1000,
        "x" * 5000,
    ):
        assert_refused(post(served, X_MM_Signature=given), "X-MM-Signature")
    assert post(served, X_MM_Signature=good).status == 200


def test_the_tolerance_is_five_minutes_to_either_side(serve: Callable[..., Served]) -> None:
    clock = Clock()
    served = guarded(serve, SignedBodies("secret", clock=clock))
    for offset, status in ((-301, 401), (-300, 200), (300, 200), (301, 401)):
        answer = post(served, X_MM_Signature=sign("secret", moment=clock.now + offset))
        assert answer.status == status, offset


def test_a_signature_may_be_good_for_one_call_alone(serve: Callable[..., Served]) -> None:
    clock = Clock()
    served = guarded(serve, SignedBodies("secret", refuse_replays=True, clock=clock))
    first, second = sign("secret", moment=clock.now), sign("secret", moment=clock.now + 1)
    assert post(served, X_MM_Signature=first).status == 200
    assert_refused(post(served, X_MM_Signature=first), "X-MM-Signature")
    assert post(served, X_MM_Signature=second).status == 200
    clock.now += 299
    assert_refused(post(served, X_MM_Signature=first), "X-MM-Signature")


def test_without_that_a_client_may_try_again_within_the_second(serve: Callable[..., Served]) -> None:
    served = guarded(serve, SignedBodies("secret"))
    given = sign("secret")
    assert [post(served, X_MM_Signature=given).status for _ in range(2)] == [200, 200]


def test_all_guards_must_be_content(serve: Callable[..., Served]) -> None:
    served = guarded(serve, BearerTokens("token"), SignedBodies("secret"))
    both = {"Authorization": "Bearer token", "X_MM_Signature": sign("secret")}
    assert post(served, **both).status == 200
    assert_refused(post(served, X_MM_Signature=sign("secret")), "Bearer")
    assert_refused(post(served, Authorization="Bearer token"), "X-MM-Signature")


def test_a_signature_that_is_missing_is_refused_before_the_body_is_read(
    serve: Callable[..., Served],
) -> None:
    connection = guarded(serve, SignedBodies("secret")).connect()
    try:
        connection.putrequest("POST", "/action")
        for name, value in {**JSON, "Content-Length": "1000"}.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == 401
    finally:
        connection.close()


@pytest.mark.parametrize(
    "make",
    [
        BearerTokens,
        lambda: BearerTokens("token", ""),
        SignedBodies,
        lambda: SignedBodies(Secret("")),
        lambda: BasicUsers({}),
        lambda: BasicUsers({"a:b": "c"}),
    ],
)
def test_a_guard_without_a_secret_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigurationError):
        make()


def test_no_secret_is_shown() -> None:
    server = ActionServer(guards=[BearerTokens("swordfish")])
    assert "swordfish" not in repr(server.options) + repr(vars(server))
