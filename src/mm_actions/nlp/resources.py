"""Reads an app folder in MindMeld's layout.

``domains/<domain>/<intent>/train*.txt`` hold one sentence a line, ``entities/<type>/gazetteer.txt`` a
popularity and a name with a tab between them, ``entities/<type>/mapping.json`` names and their synonyms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError
from mm_actions.nlp.mapping import EntityResource, read_entity
from mm_actions.nlp.markup import MarkupError, Sentence, parse
from mm_actions.nlp.textfile import read_lines
from mm_actions.nlp.words import words_of

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One intent and its training sentences."""

    domain: str
    name: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """All that an app folder says about language."""

    intents: tuple[Intent, ...]
    entities: dict[str, EntityResource]


def read_resources(app: Path) -> Resources:
    """Read the folder of an app.

    Raises:
        ConfigurationError: A folder or file is missing, empty or malformed; says which and what to write.
    """
    domains = app / "domains"
    if not domains.is_dir():
        raise ConfigurationError(
            f"{domains} is not a folder; write training sentences to {domains}/<domain>/<intent>/train.txt"
        )
    intents = tuple(
        _read_intent(domain.name, intent)
        for domain in _folders(domains, "<domain>")
        for intent in _folders(domain, "<intent>")
    )
    entities = app / "entities"
    types = _visible_folders(entities) if entities.is_dir() else []
    return Resources(intents=intents, entities={folder.name: read_entity(folder) for folder in types})


def _visible_folders(parent: Path) -> list[Path]:
    return sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))


def _folders(parent: Path, kind: str) -> list[Path]:
    found = _visible_folders(parent)
    if not found:
        raise ConfigurationError(
            f"{parent} holds no folder; write one for each {kind}, with a train.txt below"
        )
    return found


def _read_intent(domain: str, folder: Path) -> Intent:
    files = sorted(folder.glob("train*.txt"))
    sentences = tuple(sentence for file in files for sentence in _read_sentences(file))
    if not sentences:
        raise ConfigurationError(
            f"{folder / 'train.txt'} holds no sentence; write at least one a user would say, one a line"
        )
    return Intent(domain=domain, name=folder.name, sentences=sentences)


def _read_sentences(file: Path) -> list[Sentence]:
    sentences = []
    for number, line in read_lines(file):
        # As in MindMeld: what follows a tab is a note, a leading dash takes a sentence out.
        marked = line.split("\t")[0].strip()
        if not marked or marked.startswith(("#", "-")):
            continue
        try:
            sentence = parse(marked)
        except MarkupError as error:
            raise ConfigurationError(f"{file}:{number}: {error}") from error
        if not words_of(sentence.text):
            raise ConfigurationError(
                f"{file}:{number}: {marked!r} has no word; write a sentence or remove it"
            )
        sentences.append(sentence)
    return sentences
