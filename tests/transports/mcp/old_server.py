"""A server of another maker, and an old one: the handshake of 2025-06-18, written by hand."""

from __future__ import annotations

import json
import sys

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
    elif message["method"] == "tools/call":
        given = message["params"]["arguments"]
        answer = {"result": {"content": [{"type": "text", "text": str(given["first"] + given["second"])}]}}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}) + "\n")
    sys.stdout.flush()
