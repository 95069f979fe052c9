"""A folder of exchanges: one JSON file each, read in the order of names, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mm_actions.contract.codec import parse
from mm_actions.errors import ConfigurationError, InvocationError
from mm_actions.testing.exchanges.exchange import STREAM_PATH, Exchange

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_FILES = 10_000
MOST_BYTES = 64 * 1024 * 1024
_LONGEST_NAME = 80
_NUMBER = re.compile(r"(\d{4,})-")
_UNFIT = re.compile(r"[^\w.-]+")


class Stored(NamedTuple):
    """An exchange, and the file that it is in."""

    name: str
    exchange: Exchange


def examples_folder() -> Path:
    """Give the folder of the contract's examples, wherever the package is installed.

    Raises:
        ConfigurationError: This installation has none.
    """
    packed = Path(str(files("mm_actions.contract"))) / "examples"
    # In a source tree the examples lie beside src, not within.
    beside = Path(__file__).parents[4] / "openapi" / "examples"
    for folder in (packed, beside):
        if folder.is_dir():
            return folder
    raise ConfigurationError("this installation has no examples: name a folder of exchanges")


def read_folder(folder: Path) -> list[Stored]:
    """Read the exchanges of a folder, in the order of their names; folders in it are not looked into.

    Raises:
        ConfigurationError: There are none, or a file cannot be read.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json" and path.is_file())
    except OSError as error:
        raise ConfigurationError(
            f"the exchanges in {folder} cannot be read: {error.strerror}; name a folder of JSON files"
        ) from error
    if not paths:
        raise ConfigurationError(
            f"{folder} has no exchanges: a file such as 0001-place_order.json holds one; "
            f"mm-actions record --to URL -o {folder} writes them"
        )
    if len(paths) > MOST_FILES:
        raise ConfigurationError(f"{folder} has {len(paths)} exchanges; at most {MOST_FILES} are read")
    return [_read(path) for path in paths]


def _read(path: Path) -> Stored:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigurationError(f"{path} has more than {MOST_BYTES} bytes")
        exchange = parse(path.read_bytes(), Exchange)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except InvocationError as error:
        raise ConfigurationError(
            f"{path} is no exchange: {error.cause.replace('the contract', 'an exchange')}"
        ) from error
    if not 100 <= exchange.status <= 599:  # noqa: PLR2004 - what HTTP has
        raise ConfigurationError(f"{path} is no exchange: {exchange.status} is no status")
    return Stored(path.name, exchange)


class Shelf:
    """Where a recorder puts exchanges, numbered on from those that are there.

    Args:
        folder: Made if it is missing.

    Raises:
        ConfigurationError: It cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            numbers = _numbers(path.name for path in folder.iterdir())
        except OSError as error:
            raise ConfigurationError(f"cannot record into {folder}: {error.strerror}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ConfigurationError(f"cannot record into {folder}: it may not be written to")
        self._last = max(numbers, default=0)

    def take_number(self) -> int:
        """Give the next number."""
        self._last += 1
        return self._last

    def put(self, number: int, exchange: Exchange) -> Path:
        """Write an exchange; its file is there as a whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        path = self.folder / f"{number:04}-{name_of(exchange)}.json"
        partial = path.with_name(f".{path.name}.part")
        text = json.dumps(exchange.document(), indent=2, ensure_ascii=False) + "\n"
        try:
            partial.write_text(text, encoding="utf-8", errors="backslashreplace")
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        return path


def name_of(exchange: Exchange) -> str:
    """Name an exchange after its action, or else after its method and path."""
    path = exchange.path.partition("?")[0]
    if exchange.action is None:
        words = f"{exchange.method}{path.replace('/', '-')}"
    else:
        words = exchange.action + ("-stream" if path.endswith(STREAM_PATH) else "")
    return _UNFIT.sub("-", words)[:_LONGEST_NAME].strip("-.") or "exchange"


def _numbers(names: Iterable[str]) -> list[int]:
    return [int(found[1]) for name in names if (found := _NUMBER.match(name))]
