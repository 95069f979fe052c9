"""A server of another maker, and an old one: the handshake of 2025-06-18, written by hand.

Told to be deaf, it reads no more once it has listed its tools, though it lives on.
"""

from __future__ import annotations

import json
import os
import sys
import time

DEAF = "deaf" in sys.argv
TOOL = {
    "name": "add",
    "inputSchema": {
        "type": "object",
        "properties": {"first": {"type": "integer"}, "second": {"type": "integer"}},
        "required": ["first", "second"],
    },
}

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
                "serverInfo": {"name": "old", "version": "1"},
            }
        }
    elif message["method"] == "tools/list":
        answer = {"result": {"tools": [TOOL]}}
        if DEAF:
            os.close(0)  # before the answer, so that the next message finds it closed
    elif message["method"] == "tools/call":
        given = message["params"]["arguments"]
        answer = {"result": {"content": [{"type": "text", "text": str(given["first"] + given["second"])}]}}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}) + "\n")
    sys.stdout.flush()
    if DEAF and message["method"] == "tools/list":
        time.sleep(60)
        break
