"""Asks the resolver why a name was not found; libcurl says only that it was not."""

from __future__ import annotations

import socket
import threading


def why_unresolved(host: str, wait: float) -> int | None:
    """Ask the system's resolver again.

    Args:
        host: The name that was not resolved.
        wait: Seconds to wait for its word, at most.

    Returns:
        The code of :exc:`socket.gaierror`, or None when the name is found now or nothing was said in time.
    """
    said: list[int | None] = []

    def ask() -> None:
        try:
            socket.getaddrinfo(host, None)
        except socket.gaierror as error:
            said.append(error.errno)
        except (OSError, UnicodeError):
            return

    # A thread, because nothing can interrupt getaddrinfo.
    thread = threading.Thread(target=ask, name="mm_actions-resolver", daemon=True)
    thread.start()
    thread.join(wait)
    return said[0] if said else None
