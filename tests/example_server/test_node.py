"""The server in TypeScript by the measures of its own language."""

from __future__ import annotations

import json
import re

import pytest
from tests.example_server.builds import NODE, node_server, program, run

# A first build fetches the compiler.
pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]


def test_its_own_tests_pass() -> None:
    node_server()
    files = sorted((NODE / "dist" / "test").glob("*.test.js"))
    assert len(files) == len(list((NODE / "src" / "test").glob("*.test.ts")))
    assert "# fail 0" in run([program("node"), "--test", "--test-reporter=tap", *files], NODE)


def test_nothing_but_node_is_needed_at_run_time() -> None:
    package = json.loads((NODE / "package.json").read_text("utf-8"))
    assert "dependencies" not in package
    for source in NODE.glob("src/**/*.ts"):
        for name in re.findall(r"from \"([^\"]+)\"", source.read_text("utf-8")):
            assert name.startswith(("node:", "./", "../")), source


def test_the_part_without_coffee_knows_nothing_of_it() -> None:
    for source in NODE.glob("src/action/*.ts"):
        assert "coffee" not in source.read_text("utf-8"), source


def test_the_lock_file_names_versions_and_no_registry() -> None:
    lock = (NODE / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert "://" not in re.sub(r'"url": "[^"]*"', "", lock)
    package = json.loads((NODE / "package.json").read_text("utf-8"))
    for version in package["devDependencies"].values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
