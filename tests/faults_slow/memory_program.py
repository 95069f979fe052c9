"""Calls an action whose answers are good at first; prints what the bad ones after that cost."""

import asyncio
import gc
import time
from pathlib import Path

from faults_slow.child import main, memory
from faults_slow.load import PATIENT, Called, call, call_async
from mm_actions import CustomAction, close_endpoints


def cost(good: str, bad: str, engine: str, colour: str, calls: int) -> dict[str, object]:
    with asyncio.Runner() as runner:

        def one(url: str) -> Called:
            config = {"url": url, "engine": engine, "resilience": PATIENT}
            action = CustomAction("greet", config)
            return call(action) if colour == "sync" else runner.run(call_async(action))

        one(bad)  # modules that only a failure needs
        for _ in range(20):
            assert one(good).ok
        gc.collect()
        before = memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the most so far is what is now
        cpu = time.process_time()
        done = [one(bad) for _ in range(calls)]
        cpu = time.process_time() - cpu
        most, after = memory("VmHWM"), memory("VmRSS")
        close_endpoints()
    return {
        "kinds": sorted({each.kind for each in done}),
        "most": most - before,
        "after": after - before,
        "cpu": cpu / calls,
        "elapsed": [each.elapsed for each in done],
    }


if __name__ == "__main__":
    main(cost)
