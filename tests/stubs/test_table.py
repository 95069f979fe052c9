"""The table of languages is consistent with itself, with the page and with what the tests compile."""

from __future__ import annotations

import re

import pytest
from tests.docs.pages import ROOT, codes_in, table_after
from tests.stubs.test_compiled import BUILDS

from mm_actions.stubs import TARGETS, StubsFailed, Target, target_named
from mm_actions.stubs.mending import Replace, Write

PAGE = ROOT / "docs" / "stubs.md"
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.language)


def test_every_language_is_there_once() -> None:
    languages = [target.language for target in TARGETS]
    assert languages == list(dict.fromkeys(languages))
    assert {
        *("java-spring", "java-jaxrs", "java-client", "kotlin", "go-server", "go-client"),
        *("typescript-fetch", "rust-axum", "csharp", "python-fastapi"),
    } == set(languages)


def test_what_is_said_to_be_compiled_is_compiled_by_a_test() -> None:
    assert {target.language for target in TARGETS if target.tested} == set(BUILDS)


@each_target
def test_no_mark_is_left_in_options_and_texts(target: Target) -> None:
    names = target.names(None)
    assert set(names) == {"package", "name", "path"}
    options = target.options_for(names)
    assert not [value for value in options.values() if re.search(r"<\w+>", value)]
    # They are handed over as a list with commas between them.
    assert not [value for value in options.values() if "," in value]


@each_target
def test_every_change_says_what_it_is_for(target: Target) -> None:
    for step in target.steps:
        assert step.why
        assert step.change(target.names(None))
        if isinstance(step, Replace):
            re.compile(step.pattern)
        if isinstance(step, Write):
            assert step.text.endswith("\n")


@each_target
@pytest.mark.parametrize("wrong", ["", " ", "a b", "../up", "a,b=c", "9", "-x", "a/", "a\n"])
def test_a_package_that_the_language_does_not_have_is_refused(target: Target, wrong: str) -> None:
    if not wrong:
        assert target.names(wrong)["package"] == target.package
        return
    if wrong == "9" and target.language == "typescript-fetch":
        return  # npm has such packages
    with pytest.raises(StubsFailed, match=re.escape(target.package)):
        target.names(wrong)


def test_a_language_that_is_not_there_is_answered_with_those_that_are_near() -> None:
    with pytest.raises(StubsFailed, match=r"go-server or go-client.*--list"):
        target_named("go")
    with pytest.raises(StubsFailed, match=r"is it java-spring"):
        target_named("jav-sprng")
    with pytest.raises(StubsFailed, match="--list"):
        target_named("cobol")


def test_the_page_shows_the_same_table() -> None:
    written = {
        codes_in(language)[0]: (makes, codes_in(package)[0], tuple(codes_in(build)), tested == "yes")
        for language, makes, package, build, tested in table_after(PAGE, "## Languages")
    }
    assert written == {
        target.language: (
            target.makes,
            target.package,
            tuple(command.replace("<package>", target.package) for command in target.build),
            target.tested,
        )
        for target in TARGETS
    }
