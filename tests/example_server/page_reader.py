"""Plays a page as a reader would: its files written, its commands typed, in its order."""

from __future__ import annotations

import os
import shlex
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from tests.docs.pages import ROOT, blocks_of
from tests.example_server.builds import ENVIRONMENT
from tests.example_server.servers import start

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docs.pages import Block

_URL = "http://localhost:8080"


def commands_of(block: Block) -> list[str]:
    """The commands of a console block, a continued line joined."""
    joined = block.text.replace("\\\n", " ")
    return [line.removeprefix("$ ") for line in joined.splitlines()] if block.language == "console" else []


class PageReader:
    """Someone with two terminals: what serves stays in one of them, until the next one starts.

    Args:
        folder: Where the reader works; the checkout that the pages speak of is put there.
        serves: How the command begins that starts the page's server. It serves at a free port.
    """

    def __init__(self, folder: Path, serves: str) -> None:
        self.printed = ""
        self._folder = folder
        self._serves = serves
        self._server = ExitStack()
        self._url = _URL
        (folder / "mm_actions").symlink_to(ROOT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def play(self, page: Path) -> None:
        """Go through the page from its top to its end."""
        for block in blocks_of(page):
            if block.language == "console":
                for command in commands_of(block):
                    self._type(command)
            elif "output" in block.words:
                assert self.printed.strip() == block.text.strip(), block.place
            else:
                (self._folder / block.words[0]).write_text(block.text, encoding="utf-8")

    def _type(self, command: str) -> None:
        if command.startswith("pip "):
            return  # what is tested here is this very package
        if command.startswith(self._serves):
            self._server.close()
            words = command.replace("8080", "0").split()
            self._url = self._server.enter_context(start(words, self._folder, ENVIRONMENT)).url
            return
        self.printed = self._run(command.replace(_URL, self._url))
        if " cd " in command:
            self._folder /= shlex.split(command)[-1]

    def _run(self, command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self._folder,
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout


def commands_until_the_check(page: Path) -> list[str]:
    """What a reader types until a server conforms."""
    commands = [command for block in blocks_of(page) for command in commands_of(block)]
    check = next(index for index, word in enumerate(commands) if word.startswith("mm-actions conform "))
    return commands[: check + 1]
