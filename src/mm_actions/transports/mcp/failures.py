"""What the SDK raises to errors of ours."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import mcp_types as types
import msgspec
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from mm_actions.contract.status import error_of_problem
from mm_actions.contract.wire import Problem
from mm_actions.dialects.mcp.lines import TOO_LARGE
from mm_actions.dialects.mcp.results import text_of
from mm_actions.errors import (
    ActionNotFound,
    ActionRejected,
    AnswerTooLarge,
    BadAnswer,
    BadPayload,
    BadStatus,
    ConnectionLost,
    DeadlineExceeded,
    InvocationError,
    RequestRefused,
    ResponseAborted,
    SchemaMismatch,
    Sent,
    ServerFailed,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SHOWN = 300
"""Characters of a server's own words in a message, at most."""

_UNKNOWN_TOOL = re.compile(r"unknown tool|no such tool|tool .*not found|not found.*tool", re.IGNORECASE)


def explain(error: Exception, sent: Sent, limit: int) -> InvocationError:
    """Translate what a call of the SDK raised.

    Args:
        error: It.
        sent: Whether the call of the tool may have reached the server.
        limit: Bytes of an answer, at most.
    """
    if isinstance(error, InvocationError):
        return error
    if isinstance(error, MCPError):
        return _of_protocol(error, sent, limit)
    if isinstance(error, ValidationError):
        return SchemaMismatch(
            f"the answer is not of the shape of the protocol: {error.title}, {error.error_count()} faults",
            sent=sent,
        )
    # Of its own errors, the SDK raises RuntimeError for an answer that does not fit the tool's output schema.
    text = shown(str(error).partition("\n")[0])
    if "structured content" in text or "schema" in text:
        return SchemaMismatch(text, hint="The tool breaks its own output schema; tell its maker", sent=sent)
    return BadAnswer(f"the server does not keep the protocol: {type(error).__name__}: {text}", sent=sent)


def rejected(result: Mapping[str, Any]) -> BadStatus:
    """Make the error of a tool that says that it failed."""
    text = text_of(result, SHOWN)
    said = f"the tool says: {text}" if text else "the tool says that it failed"
    structured = result.get("structuredContent")
    if isinstance(structured, dict) and isinstance(structured.get("status"), int) and "title" in structured:
        # An action of ours, whose account says what kind of failure it is.
        with contextlib.suppress(msgspec.ValidationError):
            ours = error_of_problem(msgspec.convert(structured, Problem))
            ours.cause = said
            return ours
    error: BadStatus = ActionRejected(said, sent=Sent.YES)
    error.problem = Problem(title="Tool failed", detail=text or None)
    return error


def shown(text: str) -> str:
    """Give a server's words in one line of bounded length."""
    return text_of({"content": [{"type": "text", "text": text}]}, SHOWN)


def _of_protocol(error: MCPError, sent: Sent, limit: int) -> InvocationError:
    text = shown(error.message)
    if error.data == TOO_LARGE:
        return too_large(limit)
    if error.code == types.CONNECTION_CLOSED:
        return lost(text, sent)
    if error.code == types.REQUEST_TIMEOUT:
        return DeadlineExceeded(f"the server did not answer in time ({text})", sent=sent)
    refused = Sent.YES if sent is not Sent.NO else Sent.NO
    if error.code == types.PARSE_ERROR:
        return BadPayload(f"the answer is no message of the protocol: {text}", sent=refused)
    if error.code == types.UNSUPPORTED_PROTOCOL_VERSION:
        return BadAnswer(
            f"no version of the protocol is common to both: {text}", hint="Look at mcp.protocol", sent=refused
        )
    if error.code == types.INVALID_PARAMS and _UNKNOWN_TOOL.search(error.message):
        return ActionNotFound(f"the server says: {text}", sent=refused)
    kind = _KINDS.get(error.code, ServerFailed)
    hint = "The server offers no tools" if error.code == types.METHOD_NOT_FOUND else ""
    return kind(f"the server says: {text}" if text else "the server refused", hint=hint, sent=refused)


def lost(detail: str, sent: Sent) -> InvocationError:
    """Say that the server is gone."""
    if sent is Sent.NO:
        return ConnectionLost(f"the connection was cut before the tool was called ({detail})")
    return ConnectionLost(
        f"the connection was cut before the answer came ({detail})",
        hint="The tool may have run; look at the server's log",
        sent=Sent.MAYBE,
    )


def aborted() -> ResponseAborted:
    """Say that a stream was closed here."""
    return ResponseAborted("the stream was closed", sent=Sent.YES)


def too_large(limit: int) -> AnswerTooLarge:
    """Say that the answer went over its limit."""
    return AnswerTooLarge(
        f"the answer has more than {limit} bytes",
        hint="Raise max_response_bytes if such answers are meant.",
        sent=Sent.YES,
    )


def out_of_time(seconds: float, sent: Sent) -> DeadlineExceeded:
    """Say that the whole time was used up."""
    where = "before the tool was called" if sent is Sent.NO else "before the tool had answered"
    return DeadlineExceeded(
        f"the {seconds:.3g} s for the call were up {where}",
        hint="Raise timeout if the tool may take longer, or look at what holds the server up.",
        sent=sent,
    )


_KINDS: dict[int, type[InvocationError]] = {
    types.INVALID_PARAMS: RequestRefused,
    types.INVALID_REQUEST: RequestRefused,
    types.METHOD_NOT_FOUND: RequestRefused,
    types.HEADER_MISMATCH: RequestRefused,
    types.URL_ELICITATION_REQUIRED: RequestRefused,
    types.MISSING_REQUIRED_CLIENT_CAPABILITY: RequestRefused,
    types.INTERNAL_ERROR: ServerFailed,
}
