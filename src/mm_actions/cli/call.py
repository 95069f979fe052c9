"""`mm-actions call`: one action, called as an application would."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.cli import call_options as given  # noqa: TC001 - typer reads the annotations
from mm_actions.cli.curl import curl_command
from mm_actions.cli.display import change_lines, console, directive_lines, result_line, show
from mm_actions.cli.failure import described, exit_code_of, report
from mm_actions.cli.printable import document
from mm_actions.cli.servers import config_for, given_options
from mm_actions.cli.turn import Turn, TurnOptions, turn_of
from mm_actions.client.action import CustomAction
from mm_actions.core.payload import RESPONDER_MEMBERS

if TYPE_CHECKING:
    from mm_actions.client.result import ActionResult
    from mm_actions.core.responder import DialogueResponder


def call(
    action: given.Action = None,
    *,
    text: given.Text = None,
    domain: given.Domain = None,
    intent: given.Intent = None,
    entities: given.Entities = None,
    frame: given.Frame = None,
    slots: given.Slots = None,
    params: given.TurnParams = None,
    context: given.Context = None,
    payload: given.Payload = None,
    merge: given.Merge = True,
    url: given.Url = None,
    config: given.ConfigPath = None,
    timeout: given.Timeout = None,
    connect_timeout: given.ConnectTimeout = None,
    retries: given.Retries = None,
    idempotent: given.Idempotent = False,
    cert: given.Cert = None,
    public_key: given.PublicKey = None,
    private_key: given.PrivateKey = None,
    private_key_password: given.PrivateKeyPassword = None,
    insecure_dev: given.InsecureDev = False,
    headers: given.Headers = None,
    bearer: given.Bearer = None,
    proxy: given.Proxy = None,
    engine: given.Engine = None,
    as_json: given.AsJson = False,
    as_curl: given.AsCurl = False,
    use_async: given.UseAsync = False,
) -> int:
    """Call one action, and show what it answered and what changed.

    Without --url and --config the server is that of MM_ACTIONS_* or of the actions.yaml here.

    For example:

      mm-actions call list_stores --url http://localhost:8080/action

      mm-actions call add_to_order --entity drink=latte --frame @frame.json

      mm-actions call charge_card --config my_app --bearer '${TOKEN}' --json

      mm-actions call --payload recorded.json --curl | sh
    """
    turn = turn_of(
        action,
        TurnOptions(
            text=text,
            domain=domain,
            intent=intent,
            entities=entities or (),
            frame=frame,
            slots=slots or (),
            params=params,
            context=context,
            payload=payload,
        ),
    )
    options = given_options(
        {
            "timeout": timeout,
            "connect_timeout": connect_timeout,
            "retries": retries,
            "idempotent": idempotent or None,
            "cert": cert,
            "public_key": public_key,
            "private_key": private_key,
            "private_key_password": private_key_password,
            "verify": False if insecure_dev else None,
            "insecure_dev": insecure_dev or None,
            "proxy": proxy,
            "engine": engine,
        },
        headers=headers or (),
        bearer=bearer,
    )
    settings = config_for(turn.action, url=url, path=config, options=options)
    if as_curl:
        print(curl_command(turn, settings.server_of(turn.action)[1]))  # noqa: T201 - goes to a shell
        return 0
    called = CustomAction(turn.action, settings, merge=merge)
    before = _members(turn.responder)
    result = (
        asyncio.run(called.invoke_async(turn.request, turn.responder))
        if use_async
        else called.invoke(turn.request, turn.responder)
    )
    if as_json:
        print(document(_document(called, result, turn.responder)))  # noqa: T201 - goes to a program
        return exit_code_of(result.error) if result.error else 0
    if result.error is not None:
        return report(result.error)
    _show(called, result, before, turn)
    return 0


def _members(responder: DialogueResponder) -> dict[str, Any]:
    members = {name: deepcopy(getattr(responder, name)) for name in RESPONDER_MEMBERS}
    return {**members, "params": members["params"].to_wire()}


def _document(called: CustomAction, result: ActionResult, responder: DialogueResponder) -> dict[str, Any]:
    return {
        "result": result.kind,
        "action": result.action,
        "server": result.server,
        "url": called.url,
        "attempts": result.attempts,
        "elapsed": round(result.elapsed, 6),
        "trace_id": result.trace_id,
        "answer": None if result.answer is None else msgspec.to_builtins(result.answer),
        "responder": _members(responder),
        "error": None if result.error is None else described(result.error),
    }


def _show(called: CustomAction, result: ActionResult, before: dict[str, Any], turn: Turn) -> None:
    out, after = console(), _members(turn.responder)
    out.print(result_line(result, called.url))
    answered = (result.answer and result.answer.directives) or ()
    for directive in answered:
        show(out, directive_lines(directive))
    changes = [
        line
        for name in ("frame", "slots", "params")
        for line in change_lines(name, before[name], after[name])
    ]
    show(out, changes)
    if not (answered or changes):
        out.print("  (it answered nothing, and nothing changed)")
