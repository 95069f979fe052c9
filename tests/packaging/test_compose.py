"""docker-compose.yml and the image against what they name. No container engine is needed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from mm_actions.config import load_config

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")


def copied() -> list[str]:
    return [
        source for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for source in line.split()
    ]


def usage(command: list[str]) -> str:
    """The help of the program behind a command, run here."""
    done = subprocess.run(
        [*command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_image_copies_only_what_exists_and_what_the_ignore_file_lets_through() -> None:
    allowed = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert set(copied()) == allowed
    assert [source for source in copied() if not (ROOT / source).exists()] == []


def test_the_image_installs_extras_that_the_project_has() -> None:
    (extras,) = re.findall(r"'\.\[([\w,-]+)\]'", DOCKERFILE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_built_from_files_that_exist(name: str) -> None:
    build = SERVICES[name]["build"]
    assert (ROOT / build["context"] / build["dockerfile"]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_every_command_is_one_that_its_program_understands(name: str) -> None:
    program, *arguments = SERVICES[name]["command"]
    if program == "python":
        _, module, *arguments = arguments
        text = usage([sys.executable, "-m", module])
        options = [argument for argument in arguments if argument.startswith("--")]
        assert options
        assert [option for option in options if option not in text] == []
    else:
        subcommand, path = arguments
        assert subcommand in usage([str(Path(sys.executable).with_name(program)), subcommand])
        assert (ROOT / path).is_dir()


def test_the_app_is_configured_with_servers_that_the_file_starts() -> None:
    *_, app = SERVICES["app"]["command"]
    config = load_config(ROOT / app / "actions.yaml", environ=SERVICES["app"]["environment"])
    assert len(config.servers) == len(SERVICES) - 1
    for server in config.servers.values():
        parts = urlsplit(server.url)
        command = SERVICES[parts.hostname]["command"]
        assert command[command.index("--port") + 1] == str(parts.port)
        assert SERVICES["app"]["depends_on"][parts.hostname] == {"condition": "service_healthy"}


def test_no_port_is_published_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
