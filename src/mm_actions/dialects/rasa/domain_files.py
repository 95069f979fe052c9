"""A domain as an assistant's project has it: one YAML file, or a folder of several.

Source: Rasa 3, where ``--domain`` names a file or a folder; of a folder, each YAML file at any depth that has
a member of a domain is a part of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

_GROUPS = ("slots", "responses", "forms", "config", "session_config")
_LISTS = ("intents", "entities", "actions", "e2e_actions")
_ONLY_IN_1_1 = frozenset(("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"))


def read_domain(path: str | PathLike[str]) -> dict[str, Any]:
    """Read a domain.

    Args:
        path: A file of Rasa's YAML, or a folder with such files, at any depth.

    Returns:
        Its members; what several files of a folder say, put together.

    Raises:
        ConfigurationError: It cannot be read, holds no domain, or two files say different things of one name.
    """
    path = Path(path)
    if not path.is_dir():
        content = _read(path)
        if not isinstance(content, dict):
            raise ConfigurationError(f"the domain {path} holds no domain; write at least `intents: []`")
        return content
    files = sorted(each for each in path.rglob("*") if each.suffix in {".yml", ".yaml"} and each.is_file())
    parts = [(file, content) for file in files if _is_part(content := _read(file))]
    if not parts:
        wanted = ", ".join((*_LISTS, *_GROUPS))
        raise ConfigurationError(f"the folder {path} holds no domain: none of its YAML files has {wanted}")
    return _put_together(parts)


def _put_together(parts: list[tuple[Path, dict[str, Any]]]) -> dict[str, Any]:
    """Unite what is said of names, and let the last file have the word on the rest."""
    whole: dict[str, Any] = {}
    said: dict[tuple[str, str], tuple[Any, Path]] = {}
    for file, content in parts:
        for member, value in content.items():
            if member not in (*_LISTS, *_GROUPS):
                whole[member] = value
                continue
            for name, entry in _entries(member, value, file):
                before, other = said.setdefault((member, name), (entry, file))
                if before != entry:
                    raise ConfigurationError(
                        f"the domain says two things of {name!r} in {member}: in {other} and in {file}; "
                        "say it in one of them"
                    )
    for (member, name), (entry, _) in said.items():
        if member in _LISTS:
            whole.setdefault(member, []).append(entry)
        else:
            whole.setdefault(member, {})[name] = entry
    return whole


def _entries(member: str, value: Any, file: Path) -> Iterable[tuple[str, Any]]:
    """Give what one file says of names."""
    if value is None:
        return ()
    if member in _LISTS and isinstance(value, list):
        return [(_name(entry), entry) for entry in value]
    if member in _GROUPS and isinstance(value, dict):
        return value.items()
    raise ConfigurationError(
        f"{member} of the domain in {file} is no {'list' if member in _LISTS else 'group'}"
    )


def _name(entry: Any) -> str:
    """Give the name of what a list holds: a word, or a word with what is said of it."""
    return str(next(iter(entry), "")) if isinstance(entry, dict) else str(entry)


def _is_part(content: object) -> bool:
    return isinstance(content, dict) and not content.keys().isdisjoint((*_LISTS, *_GROUPS))


def _read(path: Path) -> Any:
    import yaml  # noqa: PLC0415 - a call without a domain file needs no YAML reader

    try:
        return yaml.load(path.read_text(encoding="utf-8"), _loader())  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigurationError(f"the domain {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the domain {path} is not YAML: {error}") from error


def _loader() -> Any:
    """Make a reader that, as Rasa's, takes ``yes`` and ``on`` for words: YAML 1.2."""
    import yaml  # noqa: PLC0415 - as above

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way to say it
            first: [each for each in resolvers if each[0] not in _ONLY_IN_1_1]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF")
    )
    return Loader
