"""Serve an ASGI application on uvicorn with uvloop and httptools, as mm_actions does."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn


def serve(app: Any) -> None:
    """Serve on a free port, and print it."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(
            app, loop="uvloop", http="httptools", log_level="error", access_log=False, timeout_keep_alive=75
        )
        uvicorn.Server(config).run(sockets=[listener])
