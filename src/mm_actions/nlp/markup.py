"""The marks of a training sentence, as MindMeld writes them: ``a {large|size} {mocha|drink|new}``.

A mark may stand inside another, and ``[{two|sys_number} {teas|drink}|drink]`` groups marks that belong
together; a group is read as if its brackets were not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mm_actions.nlp.words import words_of

_CLOSES: Final = {"}": "{", "]": "["}
_WRITE: Final = "write {text|entity_type} or {text|entity_type|role}"
_MOST_LABELS: Final = {"{": 2, "[": 1}


class MarkupError(ValueError):
    """A sentence is not marked as it must be; the message says where and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One marked entity: its place in the plain text as a half-open range, and how deep it is nested."""

    text: str
    type: str
    role: str | None
    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A training sentence without its marks, and the marks in the order in which they begin."""

    text: str
    marks: tuple[Mark, ...]


@dataclass(slots=True, kw_only=True)
class _Open:
    opener: str
    column: int
    start: int
    depth: int
    labels: list[str] = field(default_factory=list)


def parse(line: str) -> Sentence:
    """Read one marked sentence.

    Raises:
        MarkupError: A mark is not closed, has no text, no type, or too many parts.
    """
    text = ""
    marks: list[Mark] = []
    stack: list[_Open] = []
    for column, char in enumerate(line, start=1):
        inside = stack[-1] if stack else None
        if char in "{[":
            if inside is not None and inside.labels:
                raise MarkupError(f"column {column}: {char!r} within a type or role; {_WRITE}")
            depth = sum(mark.opener == "{" for mark in stack)
            stack.append(_Open(opener=char, column=column, start=len(text), depth=depth))
        elif char == "|":
            if inside is None:
                raise MarkupError(f"column {column}: '|' outside of a mark; {_WRITE}")
            inside.labels.append("")
        elif char in _CLOSES:
            if inside is None or inside.opener != _CLOSES[char]:
                raise MarkupError(f"column {column}: {char!r} closes nothing; {_WRITE}")
            mark = _close(stack.pop(), text)
            if mark is not None:
                marks.append(mark)
        elif inside is not None and inside.labels:
            inside.labels[-1] += char
        else:
            text += char
    if stack:
        raise MarkupError(f"column {stack[-1].column}: {stack[-1].opener!r} is not closed; {_WRITE}")
    marks.sort(key=lambda mark: (mark.start, mark.depth))
    return Sentence(text=text, marks=tuple(marks))


def _close(mark: _Open, text: str) -> Mark | None:
    inner = text[mark.start :]
    labels = [label.strip() for label in mark.labels]
    if not labels or not all(labels) or len(labels) > _MOST_LABELS[mark.opener]:
        problem = (
            "has no type" if not labels else "has an empty part" if not all(labels) else "has too many parts"
        )
        raise MarkupError(f"column {mark.column}: the mark of {inner!r} {problem}; {_WRITE}")
    if not words_of(inner):
        raise MarkupError(f"column {mark.column}: the mark marks no word; {_WRITE}")
    if mark.opener == "[":
        return None
    return Mark(
        text=inner,
        type=labels[0],
        role=labels[1] if len(labels) > 1 else None,
        start=mark.start,
        end=len(text),
        depth=mark.depth,
    )
