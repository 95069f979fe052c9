"""Rules that every source file keeps."""

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("src", "tests", "examples", "example_server", "benchmarks", "tools")
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
MOST_LINES = 400

ROOTS = ("home", "root", "Users", "work", "tmp", "var/tmp")
"""Folders below which a path is one machine's own."""

OWN_PATH = re.compile(rf"(?<![\w.$}}{{)\]/*-])/(?:{'|'.join(ROOTS)})/[\w.-]+")

ALLOWED_PATHS = {"/root/.cache", "/tmp/.X11-unix"}


def modules() -> list[Path]:
    return sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))


@cache
def texts() -> dict[Path, str]:
    """Every text file that git would keep; without git, every file outside hidden folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=30,
    )
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        paths = [
            path
            for path in ROOT.rglob("*")
            if not any(
                part.startswith(".") or part == "node_modules" for part in path.relative_to(ROOT).parts
            )
        ]
    found = {}
    for path in paths:
        if path.is_file():
            try:
                found[path] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_are_sources_to_look_at() -> None:
    assert len(modules()) > 10
    assert ROOT / "pyproject.toml" in texts()


def test_a_module_can_be_read_in_one_go() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_a_module_is_named_after_what_it_holds() -> None:
    vague = [name_of(path) for path in modules() if {path.stem, *path.relative_to(ROOT).parts[:-1]} & VAGUE]
    assert vague == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    own = [
        f"{name_of(path)}: {match.group()}"
        for path, text in texts().items()
        if path != Path(__file__)
        for match in OWN_PATH.finditer(text)
        if match.group() not in ALLOWED_PATHS
    ]
    assert own == []


def test_every_python_in_the_classifiers_is_one_that_pip_accepts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = [
        line.rpartition(" ")[2]
        for line in project["classifiers"]
        if line.startswith("Programming Language :: Python ::")
    ]
    assert project["requires-python"] == f">={versions[0]}"


def test_the_pins_are_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9][\w.-]*==[\w.!+]+", line)]
    assert odd == []


def test_everything_the_project_asks_for_is_pinned() -> None:
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*settings["build-system"]["requires"], *settings["project"]["dependencies"]]
    for extra in settings["project"]["optional-dependencies"].values():
        wanted += extra
    for group in settings["dependency-groups"].values():
        wanted += group
    names = {re.match(r"[\w.-]+", line).group().lower().replace("_", "-") for line in wanted}
    assert names - pinned == set()
