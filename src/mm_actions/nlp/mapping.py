"""Reads what an app knows about an entity type: its gazetteer and its mapping."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mm_actions.errors import ConfigurationError
from mm_actions.nlp.textfile import read_lines, read_text
from mm_actions.nlp.words import words_of

if TYPE_CHECKING:
    from pathlib import Path

_WRITE: Final = 'write {"entities": [{"id": "1", "cname": "Name", "whitelist": ["other name"]}]}'


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedName:
    """One thing with its canonical name and what else people call it."""

    cname: str
    id: str | None
    synonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityResource:
    """An entity type: names with their popularity, and canonical names with synonyms."""

    gazetteer: dict[str, float]
    mapping: tuple[MappedName, ...]


def read_entity(folder: Path) -> EntityResource:
    """Read ``gazetteer.txt`` and ``mapping.json`` of one entity type; either may be missing.

    Raises:
        ConfigurationError: One of them is malformed; names the file and the place.
    """
    gazetteer, mapping = folder / "gazetteer.txt", folder / "mapping.json"
    return EntityResource(
        gazetteer=_read_gazetteer(gazetteer) if gazetteer.exists() else {},
        mapping=_read_mapping(mapping) if mapping.exists() else (),
    )


def _read_gazetteer(file: Path) -> dict[str, float]:
    names: dict[str, float] = {}
    for number, line in read_lines(file):
        if not line.strip() or line.startswith("#"):
            continue
        weight, _, name = line.partition("\t")
        try:
            popularity = float(weight)
        except ValueError:
            popularity = math.nan
        if not math.isfinite(popularity) or not words_of(name):
            raise ConfigurationError(
                f"{file}:{number}: {line!r} is not a popularity and a name; write 1.0<TAB>name"
            )
        names[name.strip()] = popularity
    return names


def _read_mapping(file: Path) -> tuple[MappedName, ...]:
    text = read_text(file)
    if not text.strip():
        return ()
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{file}:{error.lineno}:{error.colno}: not JSON ({error.msg}); {_WRITE}"
        ) from error
    except RecursionError as error:
        raise ConfigurationError(f"{file}:1: nested too deeply; {_WRITE}") from error
    # MindMeld's older form is the list alone.
    names = content.get("entities", []) if isinstance(content, dict) else content
    if not isinstance(names, list):
        raise ConfigurationError(f"{file}:1: no list of entities; {_WRITE}")
    return tuple(_mapped_name(file, index, name) for index, name in enumerate(names))


def _mapped_name(file: Path, index: int, name: Any) -> MappedName:
    where = f"{file}: entities[{index}]"
    if not isinstance(name, dict) or not isinstance(name.get("cname"), str) or not words_of(name["cname"]):
        raise ConfigurationError(f'{where} has no "cname" with a name; {_WRITE}')
    whitelist = name.get("whitelist") or []
    if not isinstance(whitelist, list) or not all(isinstance(synonym, str) for synonym in whitelist):
        raise ConfigurationError(f'{where}: "whitelist" is not a list of names; {_WRITE}')
    key = name.get("id")
    if not isinstance(key, str | int | None) or isinstance(key, bool):
        raise ConfigurationError(f'{where}: "id" is neither a text nor a number; {_WRITE}')
    return MappedName(cname=name["cname"], id=None if key is None else str(key), synonyms=tuple(whitelist))
