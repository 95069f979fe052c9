"""What can go wrong while stubs are made."""

from __future__ import annotations

from mm_actions.errors import CustomActionException


class StubsFailed(CustomActionException):
    """The stubs were not made; the message says why and what to do, and nothing was written."""
