"""The wheel, installed where the source tree is not."""

import json
import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_DISTRIBUTIONS = 12

pytestmark = pytest.mark.timeout(300)


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run without this environment's PYTHONPATH and where ``src`` is out of reach."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def succeed(*command: str | Path, cwd: Path) -> str:
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def wheel(elsewhere: Path) -> Path:
    succeed(
        sys.executable, "-m", "build", "--no-isolation", "--outdir", elsewhere / "dist", ROOT, cwd=elsewhere
    )
    (built,) = (elsewhere / "dist").glob("*.whl")
    return built


def installed(folder: Path, requirement: str) -> Path:
    """Install into a new environment, and return its folder of programs."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    succeed(
        sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-input",
        "--constraint", ROOT / "constraints.txt", requirement,
        cwd=folder,
    )  # fmt: skip
    return folder / "bin"


@pytest.fixture(scope="module")
def core(elsewhere: Path, wheel: Path) -> Path:
    """The programs of an environment that holds the package and no extra."""
    return installed(elsewhere / "core", str(wheel))


@pytest.fixture(scope="module")
def everything(elsewhere: Path, wheel: Path) -> Path:
    """The programs of an environment that holds the package with every extra a user may choose."""
    return installed(elsewhere / "everything", f"{wheel}[cli,nlp,requests,aiohttp]")


def test_the_wheel_holds_the_package_its_types_and_its_licence_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "mm_actions/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"mm_actions"}
    sources = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.py")}
    assert sources <= set(names)


def test_the_source_archive_builds_the_same_package(wheel: Path, elsewhere: Path) -> None:
    (archive,) = wheel.parent.glob("*.tar.gz")
    succeed("tar", "-xzf", archive, cwd=elsewhere)
    unpacked = elsewhere / archive.name.removesuffix(".tar.gz")
    succeed(sys.executable, "-m", "build", "--wheel", "--no-isolation", unpacked, cwd=elsewhere)
    (again,) = (unpacked / "dist").glob("*.whl")
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


def test_the_core_brings_few_distributions(core: Path, elsewhere: Path) -> None:
    listing = succeed(
        sys.executable, "-m", "pip", "--python", core / "python", "list", "--format=json", cwd=elsewhere
    )
    names = {entry["name"] for entry in json.loads(listing)}
    assert {"mm_actions", "msgspec", "pycurl", "PyYAML", "cryptography"} <= names
    assert len(names) <= MOST_DISTRIBUTIONS, sorted(names)


def test_the_core_calls_a_server_without_the_source_tree(core: Path, elsewhere: Path) -> None:
    smoke = Path(__file__).with_name("smoke.py").read_text(encoding="utf-8")
    (elsewhere / "smoke.py").write_text(smoke, encoding="utf-8")
    output = succeed(core / "python", "-W", "error", elsewhere / "smoke.py", cwd=elsewhere)
    place, *replies = output.splitlines()
    assert Path(place).is_relative_to(elsewhere)
    assert replies == ["Invoking greet.", "Invoking greet."]


def test_the_command_says_which_extra_it_needs(core: Path, elsewhere: Path) -> None:
    done = run(core / "mm-actions", "--help", cwd=elsewhere)
    assert done.returncode != 0
    assert "mm_actions[cli]" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_explains_itself(everything: Path, elsewhere: Path) -> None:
    output = succeed(everything / "mm-actions", "--help", cwd=elsewhere)
    for command in ("call", "chat", "check"):
        assert command in output


def test_the_installed_version_is_the_projects(core: Path, elsewhere: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    program = "import importlib.metadata as m; print(m.version('mm_actions'))"
    assert succeed(core / "python", "-c", program, cwd=elsewhere).strip() == project["version"]
