"""A server that shakes hands and lists its tools, and then reads no more though it lives on."""

from __future__ import annotations

import json
import os
import sys
import time


def answers() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        answer: dict[str, object] = {"error": {"code": -32601, "message": "Method not found"}}
        if message["method"] == "initialize":
            answer = {
                "result": {
                    "protocolVersion": "2025-06-18",
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "deaf", "version": "1"},
                }
            }
        elif message["method"] == "tools/list":
            answer = {"result": {"tools": [{"name": "any", "inputSchema": {"type": "object"}}]}}
            os.close(0)  # before the answer, so that the next message finds it closed
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}) + "\n")
        sys.stdout.flush()
        if message["method"] == "tools/list":
            time.sleep(60)


if __name__ == "__main__":
    answers()
