"""The page `docs/java.md`, played as a reader would."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import ROOT
from tests.example_server.builds import program
from tests.example_server.page_reader import PageReader, commands_until_the_check

# A first build, and what it has to fetch, take their time on a busy machine.
pytestmark = [pytest.mark.java, pytest.mark.timeout(300)]

PAGE = ROOT / "docs" / "java.md"
_MOST_COMMANDS = 10


def test_the_page_leads_from_an_empty_folder_to_servers_that_conform(tmp_path: Path) -> None:
    for needed in ("java", "mvn", "curl"):
        program(needed)
    with PageReader(tmp_path, serves="java -jar ") as reader:
        reader.play(PAGE)
        assert "The server conforms (level full)" in reader.printed


def test_the_page_needs_few_commands_until_the_first_check() -> None:
    assert len(commands_until_the_check(PAGE)) <= _MOST_COMMANDS
