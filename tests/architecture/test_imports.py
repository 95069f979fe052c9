"""What importing the package costs and needs, seen from a fresh interpreter."""

import json
import subprocess
import sys

import pytest

EXTRAS = (
    "typer",
    "rich",
    "rapidfuzz",
    "requests",
    "aiohttp",
    "uvicorn",
    "watchfiles",
    "prometheus_client",
    "opentelemetry",
    "swagger_ui_bundle",
    "openapi_generator_cli",
    "connexion",
    "mcp",
    "mcp_types",
    "httpx2",
    "pydantic",
    "grpc",
    "google",
    "rasa_sdk",
    "flask",
)
SLOW_TO_LOAD = ("cryptography", "asyncio", "ssl", "unittest")

REPORT = """
import json, sys
before = set(sys.modules)
import mm_actions
print(json.dumps(sorted(set(sys.modules) - before)))
"""

BLOCK = """
import sys
for name in {names!r}:
    sys.modules[name] = None
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return set(json.loads(run(REPORT)))


@pytest.mark.parametrize("name", EXTRAS)
def test_importing_the_package_loads_no_extra(loaded: set[str], name: str) -> None:
    assert not {module for module in loaded if module.split(".")[0] == name}


@pytest.mark.parametrize("name", SLOW_TO_LOAD)
def test_importing_the_package_loads_nothing_slow_that_only_some_calls_need(
    loaded: set[str], name: str
) -> None:
    assert not {module for module in loaded if module.split(".")[0] == name}


def test_every_public_name_is_there_without_any_extra() -> None:
    program = BLOCK.format(names=EXTRAS) + (
        "import mm_actions\n"
        "assert mm_actions.__all__\n"
        "print(*[name for name in mm_actions.__all__ if not hasattr(mm_actions, name)])\n"
    )
    assert run(program).split() == []


def test_the_wire_types_need_no_http_library() -> None:
    libraries = ("pycurl", "requests", "aiohttp", "httpx", "urllib3", "http.client")
    program = BLOCK.format(names=libraries) + (
        "import importlib, pkgutil\n"
        "from mm_actions import contract\n"
        "for module in pkgutil.walk_packages(contract.__path__, contract.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
    )
    run(program)
