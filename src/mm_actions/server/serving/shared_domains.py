"""A folder in which the processes of one server share the domains of Rasa assistants."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mm_actions.server.rasa.domains import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def sharing_domains() -> Iterator[None]:
    """Have the processes that are started within share domains, so that one of them asking is enough."""
    with tempfile.TemporaryDirectory(prefix="mm-actions-domains-") as folder:
        before = os.environ.get(FOLDER)
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[FOLDER]
            else:
                os.environ[FOLDER] = before
