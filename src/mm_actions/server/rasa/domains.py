"""The domains that assistants have sent, by digest: so that they travel once, and not with every call."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections import OrderedDict
from pathlib import Path

FOLDER = "MM_ACTIONS_RASA_DOMAINS"
"""The variable that names a folder in which several processes share domains."""
MOST = 32
MOST_BYTES = 64 * 1024 * 1024


class Domains:
    """Keeps domains as JSON: every call decodes one of its own, and what it does to it is seen by no other.

    What is kept belongs to the caller's credentials, so that no caller gives another one a domain. The
    least recently used ones go first.

    Args:
        most: Domains to keep.
        most_bytes: Bytes to keep; a domain that has more is not kept.
        folder: Where other processes of this server look as well; None for a process on its own.
    """

    def __init__(self, *, most: int = MOST, most_bytes: int = MOST_BYTES, folder: Path | None = None) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._folder = folder
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        """Count the domains in memory."""
        return len(self._kept)

    def keep(self, owner: bytes, digest: str, domain: bytes) -> None:
        """Keep a domain, in the place of one that had the same digest."""
        name = _name(owner, digest)
        if self._kept.get(name) == domain or len(domain) > self._most_bytes:
            return
        self._remember(name, domain)
        if self._folder is not None:
            with contextlib.suppress(OSError):  # then the other processes ask for it themselves
                _write(self._folder, name, domain, self._most)

    def find(self, owner: bytes, digest: str) -> bytes | None:
        """Give the domain of a digest, if it is known."""
        name = _name(owner, digest)
        domain = self._kept.get(name)
        if domain is not None:
            self._kept.move_to_end(name)
            return domain
        if self._folder is not None:
            with contextlib.suppress(OSError):
                domain = (self._folder / name).read_bytes()
                self._remember(name, domain)
        return domain

    def _remember(self, name: str, domain: bytes) -> None:
        self._bytes += len(domain) - len(self._kept.pop(name, b""))
        self._kept[name] = domain
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            _, forgotten = self._kept.popitem(last=False)
            self._bytes -= len(forgotten)


def shared_domains() -> Domains:
    """Make a memory that is shared with the processes beside this one, if there are any."""
    folder = os.environ.get(FOLDER)
    return Domains(folder=Path(folder) if folder else None)


def _name(owner: bytes, digest: str) -> str:
    return hashlib.sha256(b"%d:%b" % (len(owner), owner) + digest.encode("utf-8", "replace")).hexdigest()


def _write(folder: Path, name: str, domain: bytes, most: int) -> None:
    """Write a file that nobody sees half written, and remove the oldest ones."""
    unfinished = folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
    unfinished.write_bytes(domain)
    unfinished.replace(folder / name)
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    for path in sorted(files, key=lambda path: path.stat().st_mtime)[:-most]:
        path.unlink(missing_ok=True)
