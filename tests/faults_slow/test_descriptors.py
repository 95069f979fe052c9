"""A process that has no descriptor left, for its connections or for anything else."""

import pytest

from faults_slow.child import run_child
from mm_actions.testing import FaultServer


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("engine", ["curl", "requests", "aiohttp"])
def test_without_descriptors_a_call_fails_with_one_typed_error_and_recovers(engine, colour, show):
    with FaultServer(keep=0) as server:
        figures = run_child("descriptor_program", url=server.url, engine=engine, colour=colour)
    show(
        f"no descriptor left, {engine} {colour}: {figures['kinds']} in {figures['failing']:.2f} s; "
        f"then success at try {figures['tries']} after {figures['recovery'] * 1000:.1f} ms"
    )
    assert "ok" not in figures["kinds"]
    assert figures["sent"] == ["no", "no"]
    assert figures["recovery"] < 1
