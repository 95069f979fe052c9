"""Bytes lent as a path, to libraries that read certificates and revocation lists from files only."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class LentFile:
    """A file that holds given bytes until this object is closed or collected; in memory where the system can.

    Args:
        data: What is in it.

    Attributes:
        path: Where to read it.
    """

    __slots__ = ("__weakref__", "_finish", "path")

    def __init__(self, data: bytes) -> None:
        if hasattr(os, "memfd_create"):
            number = os.memfd_create("mm_actions", os.MFD_CLOEXEC)
            self._finish: Callable[[], object] = weakref.finalize(self, os.close, number)
            self.path = f"/proc/self/fd/{number}"
            with os.fdopen(number, "wb", closefd=False) as memory:
                memory.write(data)
            return
        import tempfile  # noqa: PLC0415 - only where there is no file in memory

        number, self.path = tempfile.mkstemp(prefix="mm_actions-", suffix=".pem")  # mode 0600
        self._finish = weakref.finalize(self, _remove, self.path, os.getpid())
        with os.fdopen(number, "wb") as file:
            file.write(data)

    def close(self) -> None:
        """Let go of it; a second time does nothing."""
        self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _remove(path: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked child must not take it from its parent
        os.unlink(path)  # noqa: PTH108 - at the end of the program, with as little as possible
