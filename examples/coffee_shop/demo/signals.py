"""Ctrl-C and its like: they end the demonstration, but not before its servers are stopped."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signalled(BaseException):
    """A signal asks to end; like KeyboardInterrupt it is none of the errors that code may handle.

    Args:
        number: Which.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def heed_signals() -> None:
    """From now on, have the first signal raise `Signalled`, and those after it do nothing."""
    for number in _SIGNALS:
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code is _end.__code__:
            return  # it interrupts the first signal, which is about to raise
        frame = frame.f_back
    for each in _SIGNALS:
        signal.signal(each, _pass_over)  # the next one would interrupt the stopping of the servers
    raise Signalled(number)


def _pass_over(_number: int, _frame: FrameType | None) -> None:
    """Do nothing; unlike SIG_IGN, this is also right for a signal that has come already."""


def signals_are_over() -> None:
    """From now on, ignore them: before it ends, Python takes back its own handlers and would be killed."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)


@contextlib.contextmanager
def signals_wait() -> Iterator[None]:
    """Let a signal take effect afterwards."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda got, _frame: came.append(got)) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
