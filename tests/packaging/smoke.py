"""One action called in both colours with nothing but the core installed; run by test_wheel.py."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mm_actions


class Actions(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = {"name": "reply", "payload": {"text": f"Invoking {request['action']}."}, "type": "view"}
        body = json.dumps({"directives": [reply]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep stderr for what goes wrong."""


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Actions)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        action = mm_actions.CustomAction("greet", {"url": f"http://127.0.0.1:{server.server_port}/action"})
        request = mm_actions.Request(text="hello")
        blocking, suspending = mm_actions.DialogueResponder(), mm_actions.DialogueResponder()
        assert action.invoke(request, blocking)
        assert asyncio.run(action.invoke_async(request, suspending))
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
    first, second = [responder.directives[0]["payload"]["text"] for responder in (blocking, suspending)]
    print(mm_actions.__file__, first, second, sep="\n")  # noqa: T201 - what the test reads


main()
