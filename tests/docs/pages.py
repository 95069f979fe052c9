"""Reads Markdown: the fenced blocks of a page, its tables, its headings and its links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(.*)$")
_FILE_NAME = re.compile(r"# ([\w./-]+\.(?:py|yaml|txt))")
_CODE_SPAN = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block; the words after the language say what to do with it."""

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    @property
    def file_name(self) -> str | None:
        """The file that the block shows, which its first line names in a comment."""
        match = _FILE_NAME.fullmatch(self.text.partition("\n")[0])
        return match.group(1) if match else None

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def documented() -> list[Path]:
    """The pages whose snippets run."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def every_page() -> list[Path]:
    """Every page that a reader may come to."""
    folders = ("docs", "example_server", "examples", "openapi")
    below = (page for name in folders for page in (ROOT / name).rglob("*.md"))
    return sorted([*ROOT.glob("*.md"), *(page for page in below if "node_modules" not in page.parts)])


@cache
def blocks_of(page: Path) -> tuple[Block, ...]:
    blocks: list[Block] = []
    opened: tuple[int, str] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence is None:
            lines.append(line)
        elif opened is None:
            opened, lines = (number, fence.group(1)), []
        else:
            language, *words = opened[1].split() or [""]
            text = "\n".join(lines) + "\n"
            blocks.append(Block(page=page, line=opened[0], language=language, words=tuple(words), text=text))
            opened = None
    assert opened is None, f"{page}:{opened} is not closed"
    return tuple(blocks)


@cache
def prose_of(page: Path) -> str:
    """The page without its fenced blocks."""
    kept: list[str] = []
    inside = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def code_spans(page: Path) -> list[str]:
    return [span.strip("`") for span in _CODE_SPAN.findall(prose_of(page))]


def links_of(page: Path) -> list[str]:
    return _LINK.findall(_CODE_SPAN.sub("", prose_of(page)))


def anchors_of(page: Path) -> set[str]:
    """The headings as GitHub turns them into anchors."""
    anchors: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", prose_of(page), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        number = 1
        unique = slug
        while unique in anchors:
            unique, number = f"{slug}-{number}", number + 1
        anchors.add(unique)
    return anchors


def table_after(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without the row of titles."""
    _, found, rest = page.read_text(encoding="utf-8").partition(f"\n{heading}\n")
    assert found, f"{page} has no heading {heading!r}"
    rows: list[list[str]] = []
    for line in rest.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))])
        elif rows or line.startswith("#"):
            break
    assert rows, f"{page} has no table below {heading!r}"
    return rows[2:]


def codes_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)
