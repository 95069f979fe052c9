from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="module")
def _of_its_own_garbage_alone() -> Iterator[None]:
    """What the tests before left in memory is not looked through each time that something is measured."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
