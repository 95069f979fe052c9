"""mm_actions.server with one trivial action."""

from mm_actions.server import ActionServer

server = ActionServer(max_body=8 << 20)


@server.action
async def hello(request, responder):  # noqa: ANN001, ANN201, ARG001 - as users write it
    """Say hello."""
    responder.frame["greeted"] = True
    responder.reply("Hello.")


if __name__ == "__main__":
    server.run(port=0, listening=lambda url: print(url, flush=True))
