"""What is secret is nowhere in the files of a recorder, and passes all the same."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from tests.testing.exchanges.exchanging import call, documents, exchange_raw, post, send

from mm_actions.testing import Answer, FaultServer, InOrder
from mm_actions.testing.exchanges import Recorder, Redaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Record = Callable[..., Recorder]

SECRETS = {
    "bearer": "b3arer-t0ken-of-value",
    "cookie": "c00kie-of-value",
    "signature": "5ignature0f0value",
    "named": "n4med-of-value",
    "chosen": "ch0sen-of-value",
    "answered": "4nswered-of-value",
}


def test_secrets_are_nowhere_in_the_files(record: Record, behind: FaultServer, tmp_path: Path) -> None:
    echo = {"frame": {"seen": f"Bearer {SECRETS['bearer']}", "session_token": SECRETS["answered"]}}
    echo["frame"][SECRETS["named"]] = [f"and {SECRETS['chosen']} here"]
    cookie = {"Set-Cookie": f"sid={SECRETS['cookie']}; Path=/; HttpOnly"}
    page = f"<a href='/x?access_token={SECRETS['answered']}&a=b'>password: {SECRETS['named']}</a>".encode()
    broken = b'{"action": "greet", "api_key": "%b", ' % SECRETS["named"].encode()
    behind.play(
        InOrder(
            Answer(json=echo, headers=cookie),
            Answer(500, body=page, headers={"Content-Type": "text/html", **cookie}),
            Answer(400, json={"detail": "no"}),
        )
    )
    recorder = record(behind.url, redaction=Redaction(["context.code"], headers=["Authorization", "X-A"]))
    headers = {
        "Authorization": f"Bearer {SECRETS['bearer']}",
        "Cookie": f"a=b; sid={SECRETS['cookie']}",
        "X-MM-Signature": f"t=1,v1={SECRETS['signature']}",
        "X-Tenant-Token": SECRETS["signature"],
    }
    members = {"context": {"code": SECRETS["chosen"], "kept": "kept"}, "frame": {"Api-Key": SECRETS["named"]}}
    send(
        f"{recorder.url}/action", call("greet", f"my code is {SECRETS['chosen']}", **members), headers=headers
    )
    send(f"{recorder.url}/action", call("greet", **members), headers=headers)
    send(f"{recorder.url}/action", broken, headers=headers)
    written = "".join(path.read_text("utf-8") for path in (tmp_path / "recorded").iterdir())
    assert {name for name, secret in SECRETS.items() if secret in written} == set()
    first, second, third = documents(tmp_path / "recorded")
    assert first["request"]["request"]["context"] == {"code": "[redacted]", "kept": "kept"}
    assert first["request"]["request"]["text"] == "my code is [redacted]"
    assert first["request_headers"]["authorization"] == "[redacted]"
    assert first["headers"]["set-cookie"] == "[redacted]"
    hidden = {"seen": "[redacted]", "session_token": "[redacted]", "[redacted]": ["and [redacted] here"]}
    assert first["answer"]["frame"] == hidden
    assert "password: [redacted]" in second["answer_text"]
    assert '"api_key": "[redacted]"' in third["request_text"]
    assert behind.requests[0].headers["authorization"] == headers["Authorization"]


def test_a_secret_in_the_address_and_of_a_user_is_hidden(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    behind.play(InOrder(Answer(json={}), Answer(json={"frame": {"p": "pa55word-of-value"}})))
    url = record(behind.url).url
    basic = {"Authorization": "Basic " + b64encode(b"me:pa55word-of-value").decode()}
    exchange_raw(url, post(b'{"action":"a"}', path=b"/action?tenant=a&api_key=k3y-of-value"))
    send(f"{url}/action", call("a"), headers=basic)
    written = "".join(path.read_text("utf-8") for path in (tmp_path / "recorded").iterdir())
    assert "k3y-of-value" not in written
    assert "pa55word-of-value" not in written
    assert documents(tmp_path / "recorded")[0]["path"] == "/action?tenant=a&api_key=[redacted]"
    assert behind.requests[0].path == "/action?tenant=a&api_key=k3y-of-value"


def test_a_secret_with_members_is_hidden_as_a_whole_and_each_of_its_texts_elsewhere(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    behind.play(
        Answer(json={"frame": {"said": "deep-of-value and list-of-value", "secret": None, "cvv": 123}})
    )
    token = {"kind": "x", "value": ["list-of-value", {"inner": "deep-of-value"}]}
    send(f"{record(behind.url).url}/action", call("greet", context={"access-token": token}))
    (document,) = documents(tmp_path / "recorded")
    assert document["request"]["request"]["context"] == {"access-token": "[redacted]"}
    assert document["answer"]["frame"] == {
        "said": "[redacted] and [redacted]",
        "secret": None,
        "cvv": "[redacted]",
    }


def test_a_path_with_a_star_and_through_arrays_is_followed(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    behind.play(Answer(json={"directives": [{"payload": {"url": "https://pay.example/1234"}}]}))
    redaction = Redaction(["directives.*.url"])
    send(f"{record(behind.url, redaction=redaction).url}/action", call("greet"))
    (document,) = documents(tmp_path / "recorded")
    assert document["answer"] == {"directives": [{"payload": {"url": "[redacted]"}}]}


def test_a_long_text_a_deep_one_and_odd_numbers_hold_nothing_up(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    url = f"{record(behind.url).url}/action"
    deep = b'{"action":"deep","frame":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    for body in (b"token " + b"x" * 1_000_000, deep, b'{"action":"odd","n":NaN,"m":1e999}'):
        assert send(url, body).status == 200
    text, nested, odd = documents(tmp_path / "recorded")
    assert text["request_text"].startswith("token xxx")
    assert nested["omitted"] == {"request": "it is nested deeper than 200 levels"}
    assert odd["request_text"] == '{"action":"odd","n":NaN,"m":1e999}'
