"""Applications that a test writes and imports must not stay for other tests to find."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def forgetting(folder: Path) -> Iterator[None]:
    """Afterwards, let no module of a folder be imported, and no path lead there."""
    paths, modules = list(sys.path), dict(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = paths
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(str(folder)):
                del sys.modules[name]
                if name in modules:
                    sys.modules[name] = modules[name]
