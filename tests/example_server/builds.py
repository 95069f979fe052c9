"""Builds the servers in Go, TypeScript and Java; again only when a source is newer than what was built."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
GO = ROOT / "example_server" / "go"
NODE = ROOT / "example_server" / "node"
JAVA = ROOT / "example_server" / "java"


# What `make system` installs of Go and Node.js is in the virtual environment.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
# What lives for seconds does not live to see the gain of the second compiler and of collectors with threads.
SHORT_LIVED_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
ENVIRONMENT = {"PATH": PATH, "MAVEN_OPTS": " ".join(SHORT_LIVED_JAVA)}


def program(name: str) -> str:
    """Find a program, or skip the test."""
    found = shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"{name} is not installed; make system names what is missing")
    return found


def run(command: Sequence[str | Path], cwd: Path, *, within: float = 300) -> str:
    """Run a command to its good end, and give what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=within,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def go_server() -> list[str | Path]:
    """Build the server in Go, and give the command that starts it."""
    go, built = program("go"), GO / "build" / "server"
    sources = [GO / "go.mod", *GO.rglob("*.go")]
    with _alone(GO):
        if not _newer(built, sources):
            run([go, "build", "-buildvcs=false", "-o", built, "."], GO)
    return [built]


def node_tools() -> Path:
    """Install TypeScript beside the server, and give the folder of its programs."""
    npm, lock = program("npm"), NODE / "package-lock.json"
    installed = NODE / "node_modules" / ".package-lock.json"
    with _alone(NODE):
        if not _newer(installed, [lock]):
            run([npm, "ci", "--no-fund", "--no-audit"], NODE)
    return NODE / "node_modules" / ".bin"


def node_server() -> list[str | Path]:
    """Compile the server in TypeScript, and give the command that starts it."""
    node, tsc, built = program("node"), node_tools() / "tsc", NODE / "dist" / ".built"
    sources = [NODE / "tsconfig.json", *NODE.glob("src/**/*.ts")]
    with _alone(NODE):
        if not _newer(built, sources):
            shutil.rmtree(NODE / "dist", ignore_errors=True)  # also of what has no source any more
            run([tsc], NODE)
            built.touch()
    return [node, NODE / "dist" / "main.js"]


@contextmanager
def maven() -> Iterator[list[str | Path]]:
    """Give the command that builds in Java, for one process of a test run at a time."""
    command: list[str | Path] = [program("mvn"), "-q", "-B"]
    with _alone(JAVA):
        yield command


def java_server() -> list[str | Path]:
    """Build the server in Java, and give the command that starts it."""
    java, jar = program("java"), JAVA / "target" / "action-server.jar"
    sources = [JAVA / "pom.xml", *(JAVA / "src" / "main").rglob("*.java")]
    with maven() as mvn:
        if not _newer(jar, sources):
            run([*mvn, "package", "-DskipTests"], JAVA)
    return [java, *SHORT_LIVED_JAVA, "-jar", jar]


def _newer(built: Path, sources: Sequence[Path]) -> bool:
    return built.exists() and built.stat().st_mtime > max(source.stat().st_mtime for source in sources)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep the processes of one test run from building over each other."""
    lock = folder / "build" / ".lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
