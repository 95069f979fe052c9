"""What is changed in generated files: each change must find its place, or the stubs are not made."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mm_actions.stubs.failure import StubsFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class Step(Protocol):
    """One change to a folder of generated files."""

    @property
    def why(self) -> str:
        """What it is for, in one line."""
        ...

    def change(self, names: Mapping[str, str]) -> str:
        """Say what it does to which files, in a few words."""
        ...

    def apply(self, folder: Path, names: Mapping[str, str]) -> None:
        """Make the change.

        Args:
            folder: The generated files.
            names: What stands for ``<package>``, ``<name>`` and the like in the step's own texts.

        Raises:
            StubsFailed: The place of the change was not found.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    r"""Replace text in files.

    Attributes:
        why: What it is for.
        files: Which files, as globs; in each of them there must be something to replace.
        every: Or, if false, in one of them at least.
        pattern: A regular expression; ``^`` and ``$`` match at every line.
        by: What comes in its place, with groups as ``\1``.
    """

    why: str
    files: tuple[str, ...]
    pattern: str
    by: str
    every: bool = True

    def change(self, names: Mapping[str, str]) -> str:
        """Say which files."""
        return f"replace in {filled(', '.join(self.files), names)}"

    def apply(self, folder: Path, names: Mapping[str, str]) -> None:
        """Make the change in the files."""
        pattern, by = re.compile(filled(self.pattern, names), re.MULTILINE), filled(self.by, names)
        without = []
        for file in (found := _found(folder, self.files, names, self.why)):
            text, count = pattern.subn(by, file.read_bytes().decode("utf-8"))
            if count:
                file.write_bytes(text.encode("utf-8"))
            else:
                without.append(file.relative_to(folder).as_posix())
        if without and (self.every or len(without) == len(found)):
            raise StubsFailed(f"{self.why}: the place to change was not found in {', '.join(without)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Remove files and folders, each given as a glob that must match something."""

    why: str
    files: tuple[str, ...]

    def change(self, names: Mapping[str, str]) -> str:
        """Say which files."""
        return f"remove {filled(', '.join(self.files), names)}"

    def apply(self, folder: Path, names: Mapping[str, str]) -> None:
        """Remove them, and folders that are empty afterwards."""
        for path in _found(folder, self.files, names, self.why):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            _prune(path.parent, folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write a file, new or in the place of another."""

    why: str
    file: str
    text: str

    def change(self, names: Mapping[str, str]) -> str:
        """Say which files."""
        return f"write {filled(self.file, names)}"

    def apply(self, folder: Path, names: Mapping[str, str]) -> None:
        """Write it."""
        path = folder / filled(self.file, names)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(filled(self.text, names).encode("utf-8"))


def filled(text: str, names: Mapping[str, str]) -> str:
    """Put the names in the place of their marks, such as ``<package>``."""
    for name, value in names.items():
        text = text.replace(f"<{name}>", value)
    return text


def _found(folder: Path, patterns: Iterable[str], names: Mapping[str, str], why: str) -> list[Path]:
    found = []
    for pattern in (filled(each, names) for each in patterns):
        matching = sorted(folder.glob(pattern))
        if not matching:
            raise StubsFailed(f"{why}: no file {pattern} was generated")
        found += matching
    return found


def _prune(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
