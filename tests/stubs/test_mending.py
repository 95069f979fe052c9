"""Stubs are made whole or not at all, and what cannot be mended is told with the generator's version."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mm_actions.stubs import KNOWN_VERSION, Generator, Plan, StubsFailed, target_named, write_stubs
from mm_actions.stubs.mending import Remove, Replace, Write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., Generator]

NAMES = {"package": "a.b", "name": "b", "path": "a/b"}
CARGO = 'mkdir "$out/.openapi-generator"; touch "$out/.openapi-generator-ignore"; echo x > "$out/Cargo.toml"'


#: A language without changes of its own: what the script writes is what comes out.
BARE = replace(target_named("rust-axum"), steps=())


@pytest.fixture
def bare(tmp_path: Path) -> Plan:
    return Plan(target=BARE, profile="core", folder=tmp_path / "parent" / "out")


def left_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_text_is_replaced_in_every_file_line_by_line(tmp_path: Path) -> None:
    for name in ("one.x", "two.x", "other.y"):
        (tmp_path / name).write_bytes(b"first a.b\r\nfirst\n")
    Replace(why="w", files=("*.x",), pattern=r"^first( <package>)?", by=r"<name>\1").apply(tmp_path, NAMES)
    assert (tmp_path / "one.x").read_bytes() == (tmp_path / "two.x").read_bytes() == b"b a.b\r\nb\n"
    assert (tmp_path / "other.y").read_bytes() == b"first a.b\r\nfirst\n"


def test_one_file_is_enough_where_not_every_file_has_the_place(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("x")
    (tmp_path / "two").write_text("y")
    Replace(why="w", files=("*",), pattern="x", by="z", every=False).apply(tmp_path, NAMES)
    assert ((tmp_path / "one").read_text(), (tmp_path / "two").read_text()) == ("z", "y")


def test_what_is_removed_leaves_no_empty_folder(tmp_path: Path) -> None:
    for name in ("a/b/x", "keep/y", "z"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    Remove(why="w", files=("<path>/x", "z")).apply(tmp_path, NAMES)
    assert left_in(tmp_path) == ["keep", "keep/y"]


def test_a_file_is_written_in_its_folder(tmp_path: Path) -> None:
    Write(why="w", file="<path>/new", text="<package>\n").apply(tmp_path, NAMES)
    assert (tmp_path / "a" / "b" / "new").read_text() == "a.b\n"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (Replace(why="w", files=("f",), pattern="absent", by=""), "the place to change was not found in f"),
        (Replace(why="w", files=("*.no",), pattern="x", by=""), r"no file \*\.no was generated"),
        (
            Replace(why="w", files=("f",), pattern="absent", by="", every=False),
            "the place to change was not found in f",
        ),
        (Remove(why="w", files=("f", "no")), "no file no was generated"),
    ],
    ids=["no place", "no file", "no place anywhere", "nothing to remove"],
)
def test_a_change_without_its_place_is_an_error(tmp_path: Path, step: Replace | Remove, told: str) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(StubsFailed, match=told):
        step.apply(tmp_path, NAMES)


def test_the_folder_holds_what_was_generated_and_how_to_build_it(bare: Plan, generator: Make) -> None:
    files = write_stubs(bare, generator=generator(CARGO))
    assert files == left_in(bare.folder) == [".mm-actions", "Cargo.toml", "README.md"]
    readme = (bare.folder / "README.md").read_text()
    assert "stubs rust-axum --profile core --package action-server" in readme
    assert "$ cargo check" in readme
    assert "9.9.0" in readme
    assert left_in(bare.folder.parent) == ["out", *(f"out/{name}" for name in files)]


def test_what_cannot_be_mended_names_the_versions_and_leaves_nothing(tmp_path: Path, generator: Make) -> None:
    plan = Plan(target=target_named("go-server"), profile="core", folder=tmp_path / "parent" / "out")
    with pytest.raises(StubsFailed) as caught:
        write_stubs(plan, generator=generator('touch "$out/api_actions.go"'))
    assert re.search(r"9\.9\.0 .*api_actions\.go", str(caught.value))
    assert f"openapi-generator-cli~={KNOWN_VERSION}.0" in str(caught.value)
    assert left_in(tmp_path / "parent") == []
    with pytest.raises(StubsFailed, match="a bug of mm_actions"):
        write_stubs(plan, generator=generator('touch "$out/api_actions.go"', f"{KNOWN_VERSION}.3"))


def test_a_generator_that_fails_is_quoted_without_its_stack_trace(bare: Plan, generator: Make) -> None:
    said = 'echo "Exception in thread main: attribute paths is missing" >&2; echo "at org.Error.x(Y)"'
    with pytest.raises(StubsFailed) as caught:
        write_stubs(bare, generator=generator(f"{CARGO}; echo advertising; {said}; exit 3"))
    assert str(caught.value) == (
        "openapi-generator 9.9.0 failed (3): Exception in thread main: attribute paths is missing"
    )
    assert left_in(bare.folder.parent) == []


def test_a_program_that_cannot_be_run_is_named(bare: Plan) -> None:
    with pytest.raises(StubsFailed, match="no-such-java cannot be run"):
        write_stubs(bare, generator=Generator(java="no-such-java", jar="x", version="1"))


def test_a_folder_with_something_in_it_is_replaced_only_when_told_to(bare: Plan, generator: Make) -> None:
    bare.folder.mkdir(parents=True)
    (bare.folder / "mine").write_text("mine")
    with pytest.raises(StubsFailed, match="not empty; --force"):
        write_stubs(bare, generator=generator(CARGO))
    with pytest.raises(StubsFailed, match="failed"):
        write_stubs(bare, generator=generator("exit 1"), force=True)
    assert left_in(bare.folder) == ["mine"]
    assert "Cargo.toml" in write_stubs(bare, generator=generator(CARGO), force=True)
    assert left_in(bare.folder.parent) == ["out", "out/.mm-actions", "out/Cargo.toml", "out/README.md"]


def test_an_empty_folder_is_filled_and_stays_the_same_folder(bare: Plan, generator: Make) -> None:
    bare.folder.mkdir(parents=True)
    before = bare.folder.stat().st_ino
    assert write_stubs(bare, generator=generator(CARGO))
    assert bare.folder.stat().st_ino == before
    assert left_in(bare.folder) == [".mm-actions", "Cargo.toml", "README.md"]
    assert len(left_in(bare.folder.parent)) == 4


def test_the_folder_that_one_is_in_is_never_replaced(
    tmp_path: Path, generator: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "work" / "inner"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    plan = Plan(target=BARE, profile="core", folder=tmp_path / "work")
    with pytest.raises(StubsFailed, match="that you are in"):
        write_stubs(plan, generator=generator(CARGO), force=True)


def test_a_file_in_the_place_of_the_folder_is_left_alone(bare: Plan, generator: Make) -> None:
    bare.folder.parent.mkdir()
    bare.folder.write_text("mine")
    with pytest.raises(StubsFailed, match="not a folder"):
        write_stubs(bare, generator=generator(CARGO), force=True)
    assert bare.folder.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, generator: Make) -> None:
    (tmp_path / "file").touch()
    plan = Plan(target=BARE, profile="core", folder=tmp_path / "file" / "out")
    with pytest.raises(StubsFailed, match=r"file cannot be written"):
        write_stubs(plan, generator=generator(CARGO))


def test_a_link_stays_a_link(tmp_path: Path, bare: Plan, generator: Make) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "old").touch()
    bare.folder.parent.mkdir()
    bare.folder.symlink_to(tmp_path / "real")
    write_stubs(bare, generator=generator(CARGO), force=True)
    assert bare.folder.is_symlink()
    assert left_in(tmp_path / "real") == [".mm-actions", "Cargo.toml", "README.md"]
