"""Every test of a requirement, over every way to reach an action and in both colours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.interaction.colours import ASYNC, COLOURS
from tests.interaction.ways import ABSENT, WAYS, Hosts

from mm_actions import close_endpoints
from transports.http.system_authority import one_authority_of_the_system

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENT = {"breaker": {"failures": 1_000_000, "calls": 1_000_000}}
"""Many of the calls are meant to fail, and no server is to be left alone for it."""

__all__ = ["one_authority_of_the_system"]

REQUIREMENTS = {
    each["id"]: each for each in yaml.safe_load(Path(__file__).with_name("requirements.yaml").read_text())
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = [marker.args[0] for marker in metafunc.definition.iter_markers("requirement")]
    if not names:
        return
    but = {way for name in names for way in REQUIREMENTS.get(name, {}).get("but", {})}
    ways = [name for name in WAYS if name not in but]
    for fixture in ("way", "absent"):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, ways, indirect=True)
    if "other" in metafunc.fixturenames:
        metafunc.parametrize("other", ways, indirect=True)
    if "colour" in metafunc.fixturenames:
        metafunc.parametrize("colour", COLOURS.values(), ids=COLOURS)


@pytest.fixture(scope="session", autouse=True)
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    with Hosts(tmp_path_factory.mktemp("interaction")) as hosts:
        yield hosts
        close_endpoints()
        ASYNC.close()


def _settings(request: pytest.FixtureRequest, hosts: Hosts) -> dict[str, object]:
    """Give the settings of a server that is reached this way."""
    return {"timeout": 10.0, "resilience": PATIENT, **WAYS[request.param](hosts)}


way = pytest.fixture(_settings, name="way")
other = pytest.fixture(_settings, name="other")


@pytest.fixture
def absent(request: pytest.FixtureRequest, hosts: Hosts) -> dict[str, object]:
    """Give the settings of a server that would be reached this way if it were there."""
    return dict(ABSENT[request.param](hosts))
