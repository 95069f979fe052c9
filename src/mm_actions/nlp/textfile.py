"""Reads a text file of an app, with errors that name the file and the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_text(file: Path) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        ConfigurationError: The file cannot be read or is not UTF-8.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    try:
        # A byte order mark is what some editors put first, and no part of the first sentence.
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{file}:{line}: not UTF-8; save the file as UTF-8") from error


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file with their numbers, from 1."""
    return enumerate((line.rstrip("\r") for line in read_text(file).split("\n")), start=1)
