"""The stubs in Python, filled in."""

import uvicorn
from action_server.apis.actions_api_base import BaseActionsApi
from action_server.main import app
from action_server.models.directive import Directive
from action_server.models.responder import Responder


class Actions(BaseActionsApi):
    async def invoke_action(self, invocation, *headers):
        given = invocation.responder.params if invocation.responder else None
        reply = Directive(name="reply", type="view", payload={"text": "hi"})
        return Responder(directives=[reply], params=given)


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"listening on http://127.0.0.1:{port}", flush=True)  # noqa: T201 - what the test waits for


Server(uvicorn.Config(app, port=0, log_level="warning")).run()
