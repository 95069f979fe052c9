from __future__ import annotations

import stat
import textwrap
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

from mm_actions.stubs import Generator, Plan, StubsFailed, target_named, write_stubs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mm_actions.stubs import Profile


@cache
def installed() -> Generator:
    """The generator of this machine, or a skipped test."""
    try:
        return Generator.installed()
    except StubsFailed as error:
        pytest.skip(str(error))


@dataclass(frozen=True)
class Folders:
    """Where stubs are, each generated once."""

    base: Path

    def of(self, language: str, profile: Profile = "full") -> Path:
        folder = self.base / f"{language}-{profile}"
        if not folder.exists():
            write_stubs(
                Plan(target=target_named(language), profile=profile, folder=folder), generator=installed()
            )
        return folder


@pytest.fixture(scope="session")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return Folders(tmp_path_factory.mktemp("stubs"))


@pytest.fixture
def generator(tmp_path: Path) -> Callable[..., Generator]:
    """A generator whose program is a shell script; ``$out`` is the folder to write."""

    def make(script: str, version: str = "9.9.0") -> Generator:
        program = tmp_path / "generator"
        find_out = 'while [ $# -gt 0 ]; do [ "$1" = -o ] && out="$2"; shift; done'
        program.write_text(f"#!/bin/sh\n{find_out}\n{textwrap.dedent(script)}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return Generator(java=str(program), jar="none", version=version)

    return make
