"""Starlette: a route that reads JSON and gives JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.servers.uvicorned import serve

if TYPE_CHECKING:
    from starlette.requests import Request

_ANSWER = {
    "directives": [{"name": "reply", "payload": {"text": "Hello."}, "type": "view"}],
    "frame": {"greeted": True},
}


async def act(request: Request) -> JSONResponse:
    """Answer a POST."""
    await request.json()
    return JSONResponse(_ANSWER)


app = Starlette(routes=[Route("/action", act, methods=["POST"])])

if __name__ == "__main__":
    serve(app)
