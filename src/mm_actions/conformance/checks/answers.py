"""C02 to C04, C14 to C22: what every answer of an action keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.conformance.check import Failed, Skipped, check
from mm_actions.conformance.payloads import (
    DIRECTIVES,
    MARKER,
    NESTED,
    NULL_PARAMS,
    full,
    invocation,
)
from mm_actions.contract.wire import Params, Responder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mm_actions.conformance.exchange import Exchange
    from mm_actions.conformance.probe import Probe

_MEMBERS = ("directives", "frame", "params", "slots")
_NEVER_NULL = ("allowed_intents", "dynamic_resource")
_BOM = b"\xef\xbb\xbf"
_OK = 200


@dataclass(frozen=True, slots=True)
class _Answered:
    """A 200 and the object in it."""

    exchange: Exchange
    value: dict[str, Any]

    @property
    def params(self) -> dict[str, Any]:
        params = self.value.get("params")
        return params if isinstance(params, dict) else {}

    @property
    def directives(self) -> list[Any]:
        directives = self.value.get("directives")
        return directives if isinstance(directives, list) else []


def _samples(probe: Probe) -> list[Exchange]:
    """Give the 200s of invocations of every kind, and of every idempotent action; they are made once."""

    def make() -> list[Exchange]:
        action = probe.action
        bodies = [
            invocation(action),
            full(action),
            probe.body(request={"params": dict(NULL_PARAMS)}),
            probe.body(request={"entities": [NESTED]}, responder={"directives": DIRECTIVES}),
        ]
        bodies += [invocation(name) for name in probe.idempotent_actions if name != action]
        exchanges = [probe.post(body) for body in bodies]
        return [each for each in exchanges if each.response is not None and each.status == _OK]

    found = probe.shared("answers", make)
    if not found:
        raise Skipped("no invocation was answered with 200; see C01")
    return found


def _objects(probe: Probe) -> Iterator[_Answered]:
    """Give the answers that are JSON objects; what is not one is C03's to tell."""
    found = False
    for exchange in _samples(probe):
        try:
            value = exchange.json()
        except Failed:
            continue
        if isinstance(value, dict):
            found = True
            yield _Answered(exchange, value)
    if not found:
        raise Skipped("no answer is a JSON object; see C03")


@check("C02", "answers are application/json, in UTF-8 if they name a charset", level="core")
def media_type(probe: Probe) -> None:
    """Look at Content-Type."""
    for exchange in _samples(probe):
        kind = exchange.answer.media_type
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise Failed(f"the Content-Type is {kind!r}, where application/json is due", exchange)
        given = exchange.answer.header("content-type") or ""
        charset = given.lower().partition("charset=")[2].partition(";")[0].strip(' "')
        if charset not in {"", "utf-8", "utf8"}:
            raise Failed(f"the charset is {charset!r}; JSON travels in UTF-8", exchange)


@check(
    "C03", "an answer is one JSON object in UTF-8, without a byte order mark, NaN or Infinity", level="core"
)
def one_object(probe: Probe) -> None:
    """Read the body strictly."""
    for exchange in _samples(probe):
        body = exchange.answer.body
        if body.startswith(_BOM):
            raise Failed("the body begins with a byte order mark", exchange)

        def refuse(name: str, exchange: Exchange = exchange) -> None:
            raise Failed(f"the body has {name}, which JSON does not know", exchange)

        try:
            value = json.loads(body.decode("utf-8"), parse_constant=refuse)
        except (ValueError, RecursionError) as error:
            raise Failed(f"the body is not JSON in UTF-8: {error}", exchange) from None
        if not isinstance(value, dict):
            raise Failed(f"the body is a JSON {type(value).__name__}, where an object is due", exchange)


@check("C04", "an answer has the shape of a Responder", level="core")
def shape(probe: Probe) -> None:
    """Convert it. Null members, and the types that C17 looks at, are left to their own checks."""
    for answer in _objects(probe):
        value = dict(answer.value)
        if answer.params:
            value["params"] = {key: item for key, item in answer.params.items() if key != "allowed_intents"}
        try:
            msgspec.convert(value, Responder)
        except msgspec.ValidationError as error:
            raise Failed(f"not of the shape of a Responder: {error}", answer.exchange) from None


@check("C14", "directives, frame, slots and params are never null", level="core")
def null_members(probe: Probe) -> None:
    """Stock MindMeld fails on each of them."""
    for answer in _objects(probe):
        null = [name for name in _MEMBERS if name in answer.value and answer.value[name] is None]
        if null:
            raise Failed(
                f"{' and '.join(null)} null; leave a member out that has nothing in it", answer.exchange
            )


@check("C15", "params.allowed_intents and params.dynamic_resource are never null", level="core")
def null_params(probe: Probe) -> None:
    """Stock MindMeld fails on each of them."""
    for answer in _objects(probe):
        null = [name for name in _NEVER_NULL if name in answer.params and answer.params[name] is None]
        if null:
            raise Failed(f"params.{' and params.'.join(null)} null; leave it out instead", answer.exchange)


@check("C16", "params has no member that MindMeld does not know", level="core")
def unknown_params(probe: Probe) -> None:
    """Stock MindMeld fails on a tenth."""
    for answer in _objects(probe):
        unknown = sorted(set(answer.params) - set(Params.__struct_fields__))
        if unknown:
            raise Failed(f"params has {unknown[0]!r}; stock MindMeld fails on it", answer.exchange)


@check("C17", "params.allowed_intents is an array of strings", level="core")
def allowed_intents(probe: Probe) -> None:
    """An array of anything else, or a string, is merged letter by letter or not at all."""
    for answer in _objects(probe):
        intents = answer.params.get("allowed_intents")
        if intents is not None and not (
            isinstance(intents, list) and all(isinstance(intent, str) for intent in intents)
        ):
            raise Failed("params.allowed_intents is not an array of strings", answer.exchange)


@check("C18", "directives that were sent are not echoed", severity="SHOULD")
def echoed_directives(probe: Probe) -> None:
    """Send a directive with a marker; merging appends, so an echo shows it to the user twice."""
    marker = f"{MARKER}-directive"
    sent = {"name": "reply", "type": "view", "payload": {"text": marker}}
    exchange = probe.post(probe.body(responder={"directives": [sent]})).expect(200)
    value = exchange.json()
    if isinstance(value, dict) and marker in json.dumps(value.get("directives")):
        raise Failed("it echoes the directives that it was sent: the user would see them twice", exchange)


@check("C19", "allowed intents that were sent are not echoed", severity="SHOULD")
def echoed_intents(probe: Probe) -> None:
    """Send an allowed intent with a marker; merging appends."""
    marker = f"{MARKER}.intent"
    body = probe.body()
    body["responder"]["params"]["allowed_intents"] = [marker]
    exchange = probe.post(body).expect(200)
    value = exchange.json()
    params = value.get("params") if isinstance(value, dict) else None
    if isinstance(params, dict) and marker in json.dumps(params.get("allowed_intents")):
        raise Failed("it echoes params.allowed_intents: each turn would have them once more", exchange)


@check("C20", "an answer has all four members", severity="SHOULD")
def all_members(probe: Probe) -> None:
    """With merge=False, stock MindMeld replaces an absent member by an empty value."""
    for answer in _objects(probe):
        missing = [name for name in _MEMBERS if name not in answer.value]
        if missing:
            raise Failed(f"{' and '.join(missing)} missing", answer.exchange)


@check("C21", "every directive has a name and a type", severity="SHOULD")
def named_directives(probe: Probe) -> None:
    """Front ends choose by both."""
    for answer in _objects(probe):
        for position, directive in enumerate(answer.directives):
            if isinstance(directive, dict):
                for name in ("name", "type"):
                    if directive.get(name) is None:
                        raise Failed(f"directives/{position} has no {name}", answer.exchange)


@check("C22", "params that are returned say the target dialogue state", severity="SHOULD")
def target_state(probe: Probe) -> str | None:
    """Stock MindMeld resets it when it is absent; an explicit null says that this is meant."""
    body = probe.body()
    body["responder"]["params"]["target_dialogue_state"] = f"{MARKER}_state"
    exchange = probe.post(body).expect(200)
    value = exchange.json()
    params = value.get("params") if isinstance(value, dict) else None
    if not params:
        return "no params are returned; stock MindMeld forgets the target dialogue state then"
    if isinstance(params, dict) and "target_dialogue_state" not in params:
        raise Failed("params are returned without target_dialogue_state: stock MindMeld forgets it", exchange)
    return None
