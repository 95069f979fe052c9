"""What the pages name exists: links, commands and their options, make targets, extras."""

from __future__ import annotations

import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.docs.pages import ROOT, anchors_of, blocks_of, code_spans, every_page, links_of

from mm_actions.cli.program import program

PAGES = every_page()
_COMMANDS = ("make", "mm-actions", "python", "pip", "docker")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands_of(page: Path) -> list[list[str]]:
    """The commands that a page tells its reader to type, in blocks and in the midst of a sentence."""
    lines = [span for span in code_spans(page) if Path(span.split(" ")[0]).name in _COMMANDS]
    for block in blocks_of(page):
        if block.language == "console":
            joined = block.text.replace("\\\n", " ")
            lines += [line[2:] for line in joined.splitlines() if line.startswith("$ ")]
    commands = []
    for line in lines:
        for part in re.split(r"\s+(?:\||&&|;)\s+", line):
            words = shlex.split(part, comments=True)
            while words and re.match(r"[A-Z_]+=", words[0]):
                words = words[1:]
            if words:
                commands.append([Path(words[0]).name, *words[1:]])
    return commands


def parts(words: list[str]) -> tuple[list[str], list[str]]:
    """Arguments and the names of options."""
    arguments = [word for word in words if not word.startswith("-") and word not in {"…", "..."}]
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    return arguments, options


@cache
def our_command() -> Any:
    return typer.main.get_command(program)


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def extras() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return set(settings["project"]["optional-dependencies"])


def source_of(module: str) -> str:
    """The source of what `python -m` runs."""
    base = ROOT.joinpath(*module.split("."))
    return (base / "__main__.py").read_text(encoding="utf-8")


def trouble_with(words: list[str]) -> str | None:
    """Say what a reader who types the command would stumble over."""
    arguments, options = parts(words[1:])
    match words[0]:
        case "make":
            targets = {word for word in arguments if "=" not in word}
            return f"no target {targets - make_targets()}" if targets - make_targets() else None
        case "mm-actions":
            group = our_command()
            if not arguments:
                known = {name for option in group.params for name in option.opts}
            elif arguments[0] in group.commands:
                command = group.commands[arguments[0]]
                known = {name for o in command.params for name in (*o.opts, *o.secondary_opts)}
            else:
                return f"no command {arguments[0]}"
            missing = set(options) - known - {"--help", "-h"}
            return f"no option {missing}" if missing else None
        case "pip":
            groups = re.findall(r"\[([\w,-]+)\]", " ".join(words))
            named = {extra for group in groups for extra in group.split(",")}
            return f"no extra {named - extras()}" if named - extras() else None
        case "python" if options[:1] == ["-m"] and arguments[0].startswith(("example", "mm_actions")):
            module = arguments[0].removeprefix("mm_actions.")
            source = source_of(f"src.mm_actions.{module}" if module != arguments[0] else module)
            missing = {option for option in options[1:] if f'"{option}"' not in source}
            return f"no option {missing}" if missing else None
    return None  # a command of others


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    found = {shlex.join(words): trouble_with(words) for words in commands_of(page)}
    assert {command: trouble for command, trouble in found.items() if trouble} == {}


def test_the_readme_and_the_guide_name_commands() -> None:
    programs = {words[0] for page in PAGES for words in commands_of(page)}
    assert {"make", "mm-actions", "pip", "python"} <= programs


@pytest.mark.parametrize(
    "command",
    [
        "make runn",
        "mm-actions cal",
        "mm-actions call --jsn",
        "pip install 'mm_actions[clii]'",
        "python -m example_server --prt 1",
    ],
)
def test_a_command_that_does_not_exist_is_noticed(command: str) -> None:
    assert trouble_with(shlex.split(command))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links_of(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        paths = [link.partition("#")[0] for link in links_of(page) if "://" not in link]
        waiting += [(page.parent / path).resolve() for path in paths]
    assert set((ROOT / "docs").glob("*.md")) <= reached
