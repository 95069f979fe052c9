"""Calls an action when the process has no descriptor left, and then when it has some again."""

import asyncio
import os
import resource
import time

from faults_slow.child import descriptors, main
from mm_actions import ActionResult, CustomAction, DialogueResponder, Request, close_endpoints


def run_out(url: str, engine: str, colour: str) -> dict[str, object]:
    with asyncio.Runner() as runner:
        action = CustomAction("greet", {"url": url, "engine": engine})

        def call() -> ActionResult:
            turn = Request(), DialogueResponder()
            return action.invoke(*turn) if colour == "sync" else runner.run(action.invoke_async(*turn))

        assert call(), "modules, threads and loops, before there is no room for them"
        action._endpoint.transport.close()
        assert call()
        action._endpoint.transport.close()
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors() + 40, hard))
        taken = []
        while True:
            try:
                taken.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        began = time.monotonic()
        failed = [call() for _ in range(2)]
        failing = time.monotonic() - began
        for descriptor in taken:
            os.close(descriptor)
        began = time.monotonic()
        tries = 1
        while not call():
            tries += 1
            assert time.monotonic() - began < 5
        recovery = time.monotonic() - began
        close_endpoints()
    return {
        "kinds": [each.kind for each in failed],
        "sent": [each.error.sent if each.error else None for each in failed],
        "failing": failing,
        "tries": tries,
        "recovery": recovery,
    }


if __name__ == "__main__":
    main(run_out)
