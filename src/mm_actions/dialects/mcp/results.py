"""What a tool answers to what an action answers, and back; all of it as the JSON that travels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mm_actions.contract.codec import decode_answer, encode
from mm_actions.contract.wire import Answer
from mm_actions.dialects.mcp.conversion import at_pointer

STRUCTURED = "structured_content"
PROGRESS = "progress"
META = "result_meta"
TURN = "mm-actions/turn"
"""Where the metadata of a call has the whole turn, for a tool that is an action of ours."""
_OWN_META = "io.modelcontextprotocol/"
_BLOCKS = {
    "image": ("data", "mimeType"),
    "audio": ("data", "mimeType"),
    "resource": ("resource",),
    "resource_link": ("uri", "name"),
}
"""The kinds of content besides text, and what each of them must have."""


def answer_of(result: Mapping[str, Any], slots: Mapping[str, str] | None = None) -> Answer:
    """Make an action's answer of the result of a tool.

    Texts become replies, other content directives of its own kind. Structured content becomes slots: each of
    its members, or those that are asked for; and one directive keeps it whole. A text that only repeats it as
    JSON, as the protocol advises servers to send for older clients, is not shown as a reply.

    Args:
        result: A ``CallToolResult`` that is no error.
        slots: JSON Pointers into the structured content by slot; None for all of its members.
    """
    structured = result.get("structuredContent")
    directives = [
        _directive(block) for block in result.get("content") or () if not _repeats(block, structured)
    ]
    if structured is not None:
        directives.append({"name": STRUCTURED, "type": "event", "payload": structured})
    meta = {name: value for name, value in (result.get("_meta") or {}).items() if _OWN_META not in name}
    if meta:
        directives.append({"name": META, "type": "event", "payload": meta})
    return Answer(directives=directives or None, slots=_slots(structured, slots) or None)


def own_answer(result: Mapping[str, Any], slots: Mapping[str, str] | None = None) -> Answer:
    """Give the answer of a tool that is an action of ours, which is the structured content itself.

    Raises:
        SchemaMismatch: It is not.
    """
    structured = result.get("structuredContent")
    answer = decode_answer(encode({} if structured is None else structured))
    more = _slots(structured, slots) if slots else {}
    if more:
        answer.slots = {**(answer.slots or {}), **more}
    return answer


def progress_directive(progress: float, total: float | None, message: str | None) -> dict[str, Any]:
    """Make the directive that shows how far a tool is."""
    payload: dict[str, Any] = {"progress": progress}
    if total is not None:
        payload["total"] = total
    if message is not None:
        payload["message"] = message
    return {"name": PROGRESS, "type": "event", "payload": payload}


def text_of(result: Mapping[str, Any], most: int) -> str:
    """Give the texts of a result in one line of at most so many characters, for people."""
    texts = (block.get("text") for block in result.get("content") or () if block.get("type") == "text")
    line = " ".join(" ".join(text.split()) for text in texts if isinstance(text, str))
    line = "".join(mark if mark.isprintable() else "?" for mark in line)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def result_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Make the result of a tool of an action's answer.

    Replies and what is spoken become texts; content that came from a tool becomes what it was; whatever else
    the action said or set stands in a last text as JSON, for models that read only texts. The structured
    content is the whole answer.
    """
    content: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for directive in answer.get("directives") or ():
        block = _block(directive)
        if block is None:
            others.append(directive)
        else:
            content.append(block)
    rest = {"directives": others, **{name: answer.get(name) for name in ("slots", "frame", "params")}}
    rest = {name: value for name, value in rest.items() if value}
    if rest or not content:
        content.append({"type": "text", "text": json.dumps(rest, ensure_ascii=False) if rest else "Done."})
    return {"content": content, "structuredContent": {name: value for name, value in answer.items() if value}}


def failure_of(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Make the result that says that a tool failed, of what the caller may know (RFC 9457)."""
    reasons = [reason.get("detail") for reason in problem.get("errors") or ()]
    detail = problem.get("detail")
    lines = [str(problem.get("title") or "Failed"), *([detail] if detail else ())]
    lines += [reason for reason in reasons if reason and reason not in (detail or "")]
    return {
        "content": [{"type": "text", "text": "\n".join(lines)}],
        "structuredContent": dict(problem),
        "isError": True,
    }


def message_of(directive: Mapping[str, Any], most: int) -> str:
    """Give a directive as the message of a progress notification."""
    block = _block(directive)
    text = block["text"] if block is not None and block["type"] == "text" else json.dumps(directive)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _directive(block: Mapping[str, Any]) -> dict[str, Any]:
    payload = {name: value for name, value in block.items() if name != "type"}
    kind = str(block.get("type"))
    return {"name": "reply" if kind == "text" else kind, "type": "view", "payload": payload}


def _repeats(block: Mapping[str, Any], structured: Any) -> bool:
    """Tell whether a text says no more than the structured content, of which it is the JSON."""
    if structured is None or block.get("type") != "text" or len(block) > len(("type", "text")):
        return False
    try:
        said = json.loads(block["text"])
    except (ValueError, TypeError, RecursionError):
        return False
    wrapped = structured.get("result") if isinstance(structured, dict) and len(structured) == 1 else None
    if not isinstance(said, (dict, list)):
        return False
    return said in (structured, wrapped) or (isinstance(wrapped, list) and said in wrapped)


def _slots(structured: Any, pointers: Mapping[str, str] | None) -> dict[str, Any]:
    if pointers is None:
        return dict(structured) if isinstance(structured, dict) else {}
    found = {slot: at_pointer(structured, pointer) for slot, pointer in pointers.items()}
    return {slot: value for slot, value in found.items() if value is not None}


def _block(directive: Mapping[str, Any]) -> dict[str, Any] | None:
    name, payload = directive.get("name"), directive.get("payload")
    if not isinstance(payload, Mapping):
        return None
    if name in {"reply", "speak"} and isinstance(payload.get("text"), str) and len(payload) == 1:
        return {"type": "text", "text": payload["text"]}
    needs = _BLOCKS.get(str(name))
    if needs is not None and all(payload.get(member) for member in needs):
        return {"type": name, **payload}
    return None
