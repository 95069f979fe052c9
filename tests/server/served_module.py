"""`mm-actions serve` of a module in a folder: a process, its log, and calls from many clients."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.server.conftest import JSON, PATIENCE, Served, read

if TYPE_CHECKING:
    from collections.abc import Callable

MODULE = """
import os
from mm_actions.server import ActionServer

# Another process may hold the processor for longer than the alarm of the loop.
server = ActionServer(drain=0.2, grace=10, loop_alarm=5)

@server.action(idempotent=True)
async def hello(request, responder):
    responder.frame["process"] = os.getpid()
    responder.reply("version 1")

@server.action
def hold(request, responder):
    with open("started", "w") as started:
        started.write("x")
    with open("gate") as gate:
        gate.read()
    responder.reply("version 1")
"""


class ServedModule(Served):
    """A folder whose module ``actions`` is served.

    Attributes:
        folder: Where the module is.
        line: What the command said when it began to serve.
        log: What it has written to stderr so far.
    """

    def __init__(self, folder: Path, *options: object, module: str = "actions", **variables: str) -> None:
        self.folder = folder
        if not (folder / "actions.py").exists():
            self.write(MODULE)
        for pipe in ("started", "gate"):
            if not (folder / pipe).exists():
                os.mkfifo(folder / pipe)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MM_ACTIONS_")}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "mm_actions.cli", "serve", module, "--port", "0"]
            + [str(option) for option in options],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**kept, **variables},
            start_new_session=True,
        )
        self.log = ""
        self._said = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline().strip()
        as_json = self.line.startswith("{")
        super().__init__(json.loads(self.line)["served"]["url"] if as_json else self.line.partition(" ")[0])

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._said:
                self.log += line
                self._said.notify_all()
        with self._said:
            self._ended = True
            self._said.notify_all()

    def write(self, code: str) -> None:
        """Save the module at once, as editors do."""
        saved = self.folder / "actions.py.saved"
        saved.write_text(code, encoding="utf-8")
        saved.rename(self.folder / "actions.py")

    def until_logged(self, text: str, times: int = 1) -> None:
        with self._said:
            found = self._said.wait_for(lambda: self.log.count(text) >= times or self._ended, PATIENCE)
            assert found, self.log
            assert self.log.count(text) >= times, self.log

    def hello(self) -> dict[str, Any]:
        answer = self.post({"action": "hello"})
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.json
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        """Leave no process behind: the workers are in the session of the command."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with self.process:
            self._reader.join(PATIENCE)


class Held:
    """A call that is in progress until it is let go."""

    def __init__(self, served: ServedModule) -> None:
        self._served = served
        self.answers: list[Any] = []
        self._thread = threading.Thread(
            target=lambda: self.answers.append(served.post({"action": "hold"})), daemon=True
        )
        self._thread.start()
        (served.folder / "started").read_text(encoding="utf-8")

    def let_go(self) -> Any:
        (self._served.folder / "gate").write_text("go on", encoding="utf-8")
        self._thread.join(PATIENCE)
        return self.answers[0]


class Load:
    """Clients that call on kept connections, one call after the other, until told to end or refused.

    Attributes:
        failures: Answers that are not 200, and errors once a request may have been sent.
    """

    def __init__(self, served: Served, clients: int = 4, warm: int = 20) -> None:
        self._served = served
        self._warm = warm
        self._barrier = threading.Barrier(clients + 1)
        self._ending = threading.Event()
        self.failures: list[object] = []
        self.answers = 0
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self._barrier.wait(PATIENCE)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ending.set()
        self.until_refused()

    def until_refused(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _call(self) -> None:
        connection = self._served.connect()
        answered = 0
        try:
            while not self._ending.is_set():
                try:
                    connection.connect()
                except ConnectionRefusedError:
                    return  # nothing was sent
                while connection.sock is not None and not self._ending.is_set():
                    connection.request("POST", "/action", b'{"action": "hello"}', JSON)
                    answer = read(connection)
                    answered += 1
                    self.answers += 1
                    if answer.status != 200:
                        self.failures.append(answer)
                    if answered == self._warm:
                        self._barrier.wait(PATIENCE)
                connection.close()
        except OSError as error:
            self.failures.append(error)
        finally:
            connection.close()


def serving(folder: Path) -> tuple[Callable[..., ServedModule], Callable[[], None]]:
    """Give a function that serves a folder, and one that ends all that it started."""
    started: list[ServedModule] = []

    def serve(*options: object, **variables: str) -> ServedModule:
        started.append(ServedModule(folder, *options, **variables))
        return started[-1]

    def end() -> None:
        for served in started:
            served.end()

    return serve, end
