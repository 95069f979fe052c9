"""A directory in which the processes of one server share what ``/metrics`` tells."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
Forget = Callable[[int], None]


@contextmanager
def shared_figures() -> Iterator[Forget]:
    """Have the processes that are started within share their figures; to be used before any of them.

    A directory that the environment names is used as it is; otherwise there is one for the time being. It
    costs nothing where no process serves figures.

    Yields:
        What is to be told the id of each process that has ended, so that its gauges count no more. What it
        counted still does: a counter does not go back when a worker is replaced.
    """
    if os.environ.get(DIRECTORY):
        yield _forgetting(Path(os.environ[DIRECTORY]))
        return
    with tempfile.TemporaryDirectory(prefix="mm-actions-metrics-") as folder:
        os.environ[DIRECTORY] = folder
        try:
            yield _forgetting(Path(folder))
        finally:
            os.environ.pop(DIRECTORY, None)


def _forgetting(folder: Path) -> Forget:
    def forget(pid: int) -> None:
        # As prometheus_client's mark_process_dead, without loading the library where nobody needs it.
        for path in folder.glob(f"gauge_live*_{pid}.db"):
            path.unlink(missing_ok=True)

    return forget
