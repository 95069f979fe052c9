"""The wire types: what `openapi/custom_action.yaml` calls its schemas, member by member.

``None`` stands for an absent member as well as for null: the contract gives both the same meaning.
Members that we do not know are passed over, as the contract asks of every reader.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Wire(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What all wire types share: keyword-only, and absent members are not written."""


class Span(Wire):
    """Character offsets into the text, the end included."""

    start: int | None = None
    end: int | None = None


class Entity(Wire):
    """An entity of the query."""

    text: str | None = None
    type: str | None = None
    role: str | None = None
    value: Any = None
    display_text: str | None = None
    confidence: float | None = None
    is_system_entity: bool | None = None
    span: Span | None = None
    children: list[dict[str, Any]] | None = None


class Params(Wire):
    """Settings of the next turn; in a request, of this one."""

    target_dialogue_state: str | None = None
    dynamic_resource: dict[str, Any] | None = None
    allowed_intents: list[str] | None = None
    allow_nlp: list[str] | None = None
    deny_nlp: list[str] | None = None
    time_zone: str | None = None
    language: str | None = None
    locale: str | None = None
    timestamp: int | str | None = None


class DialogueRequest(Wire):
    """The turn, as the application understood it."""

    text: str | None = None
    domain: str | None = None
    intent: str | None = None
    entities: list[Entity] | None = None
    history: list[dict[str, Any]] | None = None
    frame: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    params: Params | None = None
    confidences: dict[str, Any] | None = None
    nbest_transcripts_text: list[str] | None = None
    nbest_transcripts_entities: list[list[Entity]] | None = None
    nbest_aligned_entities: list[list[Entity]] | None = None
    form: dict[str, Any] | None = None
    request_id: str | None = None


class Directive(Wire):
    """An instruction to the front end."""

    name: str | None = None
    type: str | None = None
    payload: Any = None


class Responder(Wire):
    """What an action may set."""

    directives: list[Directive] | None = None
    frame: dict[str, Any] | None = None
    params: Params | None = None
    slots: dict[str, Any] | None = None


class Answer(Wire):
    """A :class:`Responder` as the client reads it: each directive keeps the members we do not know."""

    directives: list[dict[str, Any]] | None = None
    frame: dict[str, Any] | None = None
    params: Params | None = None
    slots: dict[str, Any] | None = None


class Invocation(Wire):
    """What the client posts."""

    action: str
    request: DialogueRequest | None = None
    responder: Responder | None = None


class ProblemError(Wire):
    """One reason of a :class:`Problem`."""

    pointer: str | None = None
    detail: str | None = None


class Problem(Wire):
    """RFC 9457 problem details."""

    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    instance: str | None = None
    action: str | None = None
    errors: list[ProblemError] | None = None


class StreamEvent(Wire):
    """One line of a streamed response."""

    event: str
    directive: Directive | None = None
    responder: Responder | None = None
    problem: Problem | None = None


class ActionInfo(Wire):
    """An action that a server offers."""

    name: str
    description: str | None = None
    idempotent: bool | None = None
    streaming: bool | None = None
    deprecated: bool | None = None
    timeout_ms: int | None = None
    intents: list[str] | None = None
    version: str | None = None
    schema: dict[str, Any] | None = None


class ActionCatalogue(Wire):
    """The actions that a server offers."""

    actions: list[ActionInfo]


class Health(Wire):
    """Whether a server is alive, or ready."""

    status: str
    version: str | None = None
