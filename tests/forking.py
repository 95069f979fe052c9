"""A forked child of the test process, which ends whatever becomes of it."""

from __future__ import annotations

import os
import signal
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 20


def holds_in_child(work: Callable[[], object]) -> bool:
    """Whether ``work`` is true in a forked child.

    A child that hangs is ended by an alarm: it holds copies of the pipes of this process, so that those who
    run the tests would wait for both.
    """
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(PATIENCE)
        code = 1
        try:
            code = 0 if work() else 2
        except BaseException:  # noqa: BLE001 - whatever it is, the child ends here and not as another test run
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
