"""Stubs made whole or not at all: generated beside the folder, mended, and moved into its place."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.stubs.failure import StubsFailed
from mm_actions.stubs.generator import KNOWN_VERSION, Generator
from mm_actions.stubs.mending import Remove, Write, filled
from mm_actions.stubs.source import document_for

if TYPE_CHECKING:
    from mm_actions.stubs.mending import Step
    from mm_actions.stubs.source import Profile
    from mm_actions.stubs.target import Target

_README = """# {makes}

Written by `mm-actions stubs {language} --profile {profile} --package {package}` with openapi-generator
{version}. Do not edit what is here: write your code beside it, and generate again when the contract changes.

Build it with

```console
{build}
```
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be made.

    Attributes:
        target: The language.
        profile: ``core``, only POST /action; or ``full``, every operation.
        package: What the stubs are called; None is the language's default.
        folder: Where they go.
    """

    target: Target
    profile: Profile
    folder: Path
    package: str | None = None

    @property
    def names(self) -> dict[str, str]:
        """What stands in the place of the marks in options and steps."""
        return self.target.names(self.package)

    @property
    def build(self) -> list[str]:
        """The commands that build it."""
        return [filled(command, self.names) for command in self.target.build]

    def command(self, generator: Generator, contract: Path, folder: Path) -> tuple[str, ...]:
        """Give the command that generates."""
        options = {"hideGenerationTimestamp": "true", **self.target.options_for(self.names)}
        return generator.command(self.target.generator, contract, folder, options)

    def steps(self, version: str) -> tuple[Step, ...]:
        """Give what is mended afterwards: what the language needs, and the same three steps for all."""
        readme = _README.format(
            makes=self.target.makes,
            language=self.target.language,
            profile=self.profile,
            package=self.names["package"],
            version=version,
            build="\n".join(f"$ {command}" for command in self.build),
        )
        return (
            *self.target.steps,
            Remove(
                why="the generator's own records", files=(".openapi-generator", ".openapi-generator-ignore")
            ),
            Write(why="how it was made and is built", file="README.md", text=readme),
            Write(why="which mm_actions made it", file=".mm-actions", text=_made_by()),
        )


def write_stubs(plan: Plan, *, force: bool = False, generator: Generator | None = None) -> list[str]:
    """Make the stubs.

    Args:
        plan: What to make.
        force: Replace the folder if there is something in it.
        generator: What generates; by default the one that is installed.

    Returns:
        The files, relative to the folder, in order.

    Raises:
        StubsFailed: They could not be made; the folder is as it was.
    """
    folder = _place(plan.folder, force=force)
    generator = generator or Generator.installed()
    names, steps = plan.names, plan.steps(generator.version)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=".mm-actions-stubs-", dir=folder.parent, ignore_cleanup_errors=True
        ) as workshop:
            made, contract = Path(workshop) / "made", Path(workshop) / "contract.json"
            contract.write_text(json.dumps(document_for(plan.profile)), encoding="utf-8")
            made.mkdir()
            generator.run(plan.command(generator, contract, made))
            for step in steps:
                _mend(step, made, names, generator)
            _move(made, folder, Path(workshop) / "before")
    except OSError as error:
        raise StubsFailed(f"{error.filename or folder} cannot be written: {error.strerror}") from error
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _place(folder: Path, *, force: bool) -> Path:
    """Check that the stubs may go there, before anything takes time."""
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise StubsFailed(f"{folder} is not a folder")
    if folder.is_dir() and any(folder.iterdir()):
        if not force:
            raise StubsFailed(f"{folder} is not empty; --force replaces it, with all that is in it")
        if folder == Path.cwd() or folder in Path.cwd().parents:
            raise StubsFailed(f"{folder} holds the folder that you are in, and cannot be replaced")
    return folder


def _mend(step: Step, folder: Path, names: dict[str, str], generator: Generator) -> None:
    try:
        step.apply(folder, names)
    except StubsFailed as error:
        advice = (
            "this is a bug of mm_actions"
            if generator.is_known
            else f"try pip install 'openapi-generator-cli~={KNOWN_VERSION}.0', which the mending is for"
        )
        raise StubsFailed(
            f"what openapi-generator {generator.version} wrote could not be mended: {error}; {advice}"
        ) from error


def _move(made: Path, folder: Path, before: Path) -> None:
    """Put what was made in its place; what was there comes back if that fails."""
    if not folder.exists():
        made.rename(folder)
    elif any(folder.iterdir()):
        folder.rename(before)
        try:
            made.rename(folder)
        except OSError:
            before.rename(folder)
            raise
    else:  # it may be the folder that a shell is in, which would lose it
        try:
            for child in [*made.iterdir()]:
                shutil.move(child, folder)
        except OSError:
            before.mkdir()
            for child in [*folder.iterdir()]:
                shutil.move(child, before)
            raise


def _made_by() -> str:
    return f"mm_actions {metadata.version('mm_actions')}\n"
