"""The examples of MindMeld's user guide, "Working with Custom Action", against a server in another process.

What differs from the guide is the name of the package. The replies are those that the guide promises.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.example_server.running import run_server
from tests.mindmeld.conftest import texts

from mm_actions import Application, Conversation, Request, close_endpoints
from mm_actions.application.loading import load_app

HELP = "Invoking action_help on custom server."
RESTART = "Invoking action_restart on custom server."


@pytest.fixture
def action_config(sample_server):
    """What the guide writes into config.py."""
    return {"url": f"{sample_server}/"}


@pytest.fixture(params=["sync", "async"])
def respond(request):
    """Have an application answer an intent."""
    if request.param == "sync":
        return lambda app, intent: texts(app.process(Request(intent=intent)))
    return lambda app, intent: texts(asyncio.run(app.process_async(Request(intent=intent))))


@pytest.fixture(params=["app", "async app"])
def app(request, action_config):
    app = Application(__name__, async_mode=request.param == "async app")
    app.custom_action_config = action_config
    return app


def test_the_config_is_that_of_config_py(tmp_path, action_config):
    (tmp_path / "config.py").write_text(f"CUSTOM_ACTION_CONFIG = {action_config!r}\n")
    (tmp_path / "app.py").write_text(
        "from mm_actions import Application\n\n"
        "app = Application(__name__)\n"
        "app.custom_action(intent='deny', action='action_restart')\n"
    )
    app = load_app(tmp_path)
    assert texts(app.process(Request(intent="deny"))) == [RESTART]


def test_a_single_action(app, respond):
    app.custom_action(intent="deny", action="action_restart")
    assert respond(app, "deny") == [RESTART]


def test_an_action_in_async_mode(action_config, respond):
    app = Application(__name__, async_mode=True)
    app.custom_action_config = action_config
    app.custom_action(intent="deny", action="action_restart", async_mode=True)
    assert respond(app, "deny") == [RESTART]


def test_an_async_app_in_a_conversation(action_config):
    class Nlp:
        def process(self, text):
            return {"text": text, "intent": "deny"}

    app = Application(__name__, async_mode=True, nlp=Nlp())
    app.custom_action(intent="deny", action="action_restart", async_mode=True, config=action_config)
    with Conversation(app) as conversation:
        assert asyncio.run(conversation.say("no")) == [RESTART]
        assert conversation.say("no", force_sync=True) == [RESTART]


def test_another_server_for_one_action(app, respond):
    with run_server("--known-only") as other:
        app.custom_action(intent="deny", action="action_restart")
        app.custom_action(intent="hours", action="list_stores", config={"url": f"{other.url}/"})
        app.custom_action(
            intent="wrong", action="action_restart", config={"url": f"{other.url}/"}, on_failure="Not there."
        )
        assert respond(app, "deny") == [RESTART]
        assert respond(app, "wrong") == ["Not there."]  # this server is another one: it knows its names alone


def test_a_sequence_of_actions(app, respond):
    app.custom_action(intent="ask_help", actions=["action_help", "action_restart"])
    assert respond(app, "ask_help") == [HELP, RESTART]


def test_a_sequence_that_does_not_merge_keeps_the_last_result(app, respond):
    app.custom_action(intent="ask_help", actions=["action_help", "action_restart"], merge=False)
    assert respond(app, "ask_help") == [RESTART]


@pytest.mark.parametrize("arguments", [{}, {"merge": True}])
def test_an_individual_action_in_a_handler(app, action_config, arguments):
    @app.handle(intent="restart")
    def action_check_out(request, responder):
        from mm_actions import CustomAction

        CustomAction(name="action_restart", config=action_config, **arguments).invoke(request, responder)

    assert texts(app.process(Request(intent="restart"))) == [RESTART]


def test_an_individual_action_that_does_not_merge(app, action_config):
    @app.handle(intent="restart")
    def action_check_out(request, responder):
        from mm_actions import CustomAction

        responder.reply("I can help you")
        CustomAction(name="action_restart", config=action_config, merge=False).invoke(request, responder)

    assert texts(app.process(Request(intent="restart"))) == [RESTART]


def test_an_individual_action_awaited_in_a_handler(app, action_config, respond):
    @app.handle(intent="restart")
    async def action_check_out(request, responder):
        from mm_actions import CustomAction

        await CustomAction(name="action_restart", config=action_config).invoke(
            request, responder, async_mode=True
        )

    assert respond(app, "restart") == [RESTART]


def test_actions_mixed_with_replies_of_the_responder(app, action_config):
    @app.handle(intent="ask_help")
    def handle_ask_help(request, responder):
        from mm_actions import CustomAction

        responder.reply("I can help you")
        CustomAction(name="action_help", config=action_config).invoke(request, responder)
        CustomAction(name="action_restart", config=action_config).invoke(request, responder)

    assert texts(app.process(Request(intent="ask_help"))) == ["I can help you", HELP, RESTART]


def test_a_sequence_in_a_handler(app, action_config):
    @app.handle(intent="ask_help")
    def handle_ask_help(request, responder):
        from mm_actions import CustomActionSequence

        responder.reply("I can help you")
        CustomActionSequence(actions=["action_help", "action_restart"], config=action_config).invoke(
            request, responder
        )

    assert texts(app.process(Request(intent="ask_help"))) == ["I can help you", HELP, RESTART]


def test_a_sequence_awaited_in_a_handler(app, action_config, respond):
    @app.handle(intent="ask_help")
    async def handle_ask_help(request, responder):
        from mm_actions import CustomActionSequence

        sequence = CustomActionSequence(actions=["action_help", "action_restart"], config=action_config)
        responder.frame["succeeded"] = bool(await sequence.invoke_async(request, responder))
        assert responder.frame["succeeded"]

    assert respond(app, "ask_help") == [HELP, RESTART]


def test_the_helper_function(app, action_config):
    @app.handle(intent="restart")
    def action_check_out(request, responder):
        from mm_actions import invoke_custom_action

        assert invoke_custom_action("action_restart", action_config, request, responder)

    assert texts(app.process(Request(intent="restart"))) == [RESTART]


def test_the_helper_function_awaited(app, action_config, respond):
    @app.handle(intent="restart")
    async def action_check_out(request, responder):
        from mm_actions import invoke_custom_action_async

        assert await invoke_custom_action_async("action_restart", action_config, request, responder)

    assert respond(app, "restart") == [RESTART]


def test_a_server_with_certificates(app, mm_certificates, respond):
    server, client = mm_certificates.server(), mm_certificates.client()
    options = ["--tls-cert", server.certificate, "--tls-key", server.private_key, "--client-ca", server.ca]
    with run_server(*map(str, options), tls=client.client_context()) as running:
        config = {
            "url": f"https://localhost:{running.port}/",
            "cert": str(server.ca),
            "public_key": str(client.certificate),
            "private_key": str(client.private_key),
        }
        app.custom_action(intent="deny", action="action_restart", config=config)
        assert respond(app, "deny") == [RESTART]
        close_endpoints()  # a server that is asked to end waits for TLS connections that are open
