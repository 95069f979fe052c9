"""Every test of this folder takes real time, and prints the figures that it measured."""

import logging
import sys
from pathlib import Path

import pytest

from mm_actions import close_endpoints

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture
def show(capsys):
    """Print a line past pytest's capture."""

    def line(text):
        with capsys.disabled():
            sys.stdout.write(f"\n  {text}")
            sys.stdout.flush()

    return line


@pytest.fixture(autouse=True)
def closed():
    yield
    close_endpoints()


@pytest.fixture(autouse=True)
def quiet():
    """Write no log: pytest would keep thousands of records, and the errors in them."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)
