"""The server in Go by the measures of its own language, and those of the conformance kit."""

from __future__ import annotations

import pytest
from tests.example_server.builds import GO, program, run

# A first build compiles the standard library as well.
pytestmark = [pytest.mark.go, pytest.mark.timeout(300)]


def test_it_is_formatted_as_gofmt_does_it() -> None:
    assert run([program("gofmt"), "-l", "."], GO) == ""


def test_go_vet_finds_nothing() -> None:
    run([program("go"), "vet", "./..."], GO)


def test_its_own_tests_pass() -> None:
    printed = run([program("go"), "test", "./..."], GO)
    assert "FAIL" not in printed
    assert printed.count("ok ") == 2


def test_the_part_without_coffee_needs_the_standard_library_alone() -> None:
    listed = run(
        [program("go"), "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "."], GO
    )
    assert listed.split() == ["example.com/coffee/action", "example.com/coffee/coffee", "example.com/coffee"]
    imported = run([program("go"), "list", "-f", '{{join .Imports " "}}', "./action"], GO).split()
    assert not [name for name in imported if "." in name.partition("/")[0]]
