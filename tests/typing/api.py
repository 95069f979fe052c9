"""What the type checkers of users see. Never run: mypy and pyright read it in `make types`.

A line with ``type: ignore`` is a mistake that a checker must find; strict mypy complains when it no longer
does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_type

from mm_actions import (
    ActionResult,
    Application,
    Config,
    ConfigurationError,
    Conversation,
    CustomAction,
    CustomActionException,
    CustomActionSequence,
    DialogueFlow,
    DialogueResponder,
    DialogueStateException,
    DirectiveNames,
    DirectiveTypes,
    ExamplesNlp,
    FrozenParams,
    InvocationError,
    Params,
    RegistrationError,
    Request,
    Responder,
    Secret,
    ServerSettings,
    close_endpoints,
    invoke_custom_action,
    invoke_custom_action_async,
    load_config,
)
from mm_actions.errors import Sent

CONFIG = {"url": "http://localhost:8080/action", "timeout": 2.5}


def a_request() -> None:
    request = Request(text="a latte", domain="ordering", intent="order")
    assert_type(request.text, str | None)
    assert_type(request.intent, str | None)
    assert_type(request.params, Params)
    assert_type(request.history, Sequence[Mapping[str, Any]])
    Request(entities=({"type": "drink"},), frame={"a": 1}, params=FrozenParams(language="en"))
    payload: dict[str, Any] = dict(request)
    del payload


def a_request_does_not_change(request: Request) -> None:
    request.text = "tea"  # type: ignore[misc]
    Request("tea")  # type: ignore[call-arg]


def params(responder: DialogueResponder) -> None:
    assert_type(responder.params, Params)
    assert_type(responder.params.allowed_intents, tuple[str, ...])
    assert_type(responder.params.target_dialogue_state, str | None)
    assert_type(responder.params.timestamp, int | None)
    assert_type(responder.params.dynamic_resource, dict[str, Any])
    responder.params = Params(language="en", allowed_intents=["ordering.order"])
    responder.params = {"time_zone": "Europe/Athens"}
    responder.params = 5  # type: ignore[assignment]
    frozen: Params = FrozenParams(locale="en_US")
    del frozen


def a_responder() -> None:
    responder = Responder(frame={"cups": 1}, slots={"name": "Ada"})
    assert_type(responder, DialogueResponder)
    assert_type(responder.directives, list[dict[str, Any]])
    assert_type(responder.frame, dict[str, Any])
    assert_type(responder.slots, dict[str, Any])
    assert_type(responder.request, Request)
    responder.reply("Hello {name}")
    responder.reply(["Hello {name}", "Welcome back {name}"])
    responder.speak("Hello")
    responder.list([{"title": "Latte"}])
    responder.suggest([{"text": "yes"}, {"text": "no"}])
    responder.listen()
    responder.reset()
    responder.sleep(100)
    responder.display(DirectiveNames.REPLY, {"text": "Hello"})
    responder.act(DirectiveNames.LISTEN)
    responder.direct("receipt", DirectiveTypes.VIEW, {"total": 4})
    responder.exit_flow()
    payload: dict[str, Any] = dict(responder)
    del payload
    responder.reply(5)  # type: ignore[arg-type]


def an_action(request: Request, responder: DialogueResponder) -> None:
    action = CustomAction("order", CONFIG, merge=False, raise_on_failure=True)
    assert_type(action.name, str)
    assert_type(action.url, str)
    assert_type(action.server, str)
    assert_type(action.timeout, float)
    result: ActionResult = action.invoke(request, responder)
    assert_type(action.get_json_payload(request, responder), dict[str, Any])
    assert_type(bool(result), bool)
    assert_type(invoke_custom_action("order", CONFIG, request, responder), ActionResult)
    CustomAction("order")  # type: ignore[call-arg]
    CustomAction(["order"], CONFIG)  # type: ignore[arg-type]


async def an_awaited_action(request: Request, responder: DialogueResponder) -> None:
    action = CustomAction("order", CONFIG)
    assert_type(await action.invoke_async(request, responder), ActionResult)
    assert_type(await invoke_custom_action_async("order", CONFIG, request, responder), ActionResult)
    result: ActionResult = await action.invoke(request, responder, async_mode=True)
    del result


def a_streamed_action(request: Request, responder: DialogueResponder) -> None:
    with CustomAction("order", CONFIG).stream(request, responder) as stream:
        for directive in stream:
            assert_type(directive, dict[str, Any])
    assert_type(stream.result, ActionResult)


async def an_awaited_stream(request: Request, responder: DialogueResponder) -> None:
    async with CustomAction("order", CONFIG).stream_async(request, responder) as stream:
        async for directive in stream:
            assert_type(directive, dict[str, Any])
    assert_type(stream.result, ActionResult)
    for _ in stream:  # type: ignore[attr-defined]
        pass


def a_sequence(request: Request, responder: DialogueResponder) -> None:
    bill = CustomAction("bill", load_config("actions.yaml"))
    sequence = CustomActionSequence(["order", bill], CONFIG, merge=True, parallel=True, all_or_nothing=True)
    result: ActionResult = sequence.invoke(request, responder)
    assert_type(result.steps, tuple[ActionResult, ...])
    CustomActionSequence([1, 2], CONFIG)  # type: ignore[list-item]


async def an_awaited_sequence(request: Request, responder: DialogueResponder) -> None:
    sequence = CustomActionSequence([CustomAction("order", CONFIG)])
    assert_type(await sequence.invoke_async(request, responder), ActionResult)


def a_result(result: ActionResult) -> None:
    assert_type(result.action, str)
    assert_type(result.server, str)
    assert_type(result.error, InvocationError | None)
    assert_type(result.attempts, int)
    assert_type(result.elapsed, float)
    assert_type(result.kind, str)
    assert_type(result.trace_id, str)
    result.attempts = 2  # type: ignore[misc]


def an_application(request: Request) -> None:
    app = Application(__name__, nlp=ExamplesNlp("coffee_shop"), on_failure="Sorry, that did not work.")
    app.custom_action_config = CONFIG

    @app.handle(domain="ordering", intent="order", has_entity="drink")
    def order(request: Request, responder: DialogueResponder) -> None:
        responder.reply(f"One {request.text}")

    assert_type(order(request, DialogueResponder()), None)

    @app.handle(default=True)
    async def default(request: Request, responder: DialogueResponder) -> None:
        await CustomAction("default", CONFIG).invoke_async(request, responder)

    @app.middleware
    def note(
        request: Request, responder: DialogueResponder, handler: Callable[[Request, DialogueResponder], None]
    ) -> None:
        handler(request, responder)

    @app.custom_action(intent="pay", actions=["bill", "pay"], parallel=True, on_failure="say_sorry")
    def refine(request: Request, responder: DialogueResponder) -> None:
        responder.listen()

    assert_type(refine(request, DialogueResponder()), None)

    @app.dialogue_flow(domain="ordering", intent="change")
    def change(request: Request, responder: DialogueResponder) -> None:
        responder.reply("Which drink?")

    assert_type(change, DialogueFlow)

    @change.handle(intent="cancel", exit_flow=True)
    def cancel(request: Request, responder: DialogueResponder) -> None:
        responder.exit_flow()

    app.custom_action(intent="hours", action="hours", merge=False, config=CONFIG, name="opening")
    app.add_dialogue_rule("thanks", lambda request, responder: responder.reply("Gladly"), intent="thank")
    assert_type(app.process("a latte"), DialogueResponder)
    assert_type(app.process(request, frame={"cups": 1}, params={"language": "en"}), DialogueResponder)
    app.custom_action(intent="hours", action=7)  # type: ignore[arg-type]
    app.process(5)  # type: ignore[arg-type]


async def an_asynchronous_application(app: Application) -> None:
    assert_type(await app.process_async("a latte"), DialogueResponder)


def a_conversation(app: Application) -> None:
    conversation = Conversation(app, context={"user": "ada"}, default_params={"locale": "en_US"})
    texts: list[str] = conversation.say("a latte")
    responder: DialogueResponder = conversation.process("and a tea")
    assert_type(conversation.frame, dict[str, Any])
    assert_type(conversation.history, list[Mapping[str, Any]])
    assert_type(conversation.params, Params)
    del texts, responder
    conversation.reset()


async def an_asynchronous_conversation(app: Application) -> None:
    conversation = Conversation(app)
    assert_type(await conversation.say_async("a latte"), list[str])
    assert_type(await conversation.process_async("a latte"), DialogueResponder)


def settings() -> None:
    config = load_config({"servers": {"shop": CONFIG}, "actions": {"order": "shop"}})
    assert_type(config, Config)
    assert_type(config.servers, dict[str, ServerSettings])
    assert_type(config.server_of("order"), tuple[str, ServerSettings])
    assert_type(Secret("a").reveal(), str)
    assert_type(close_endpoints(), None)
    config.default = "shop"  # type: ignore[misc]


def errors() -> None:
    try:
        load_config(CONFIG)
    except InvocationError as error:
        assert_type(error.sent, Sent)
        assert_type(error.status, int | None)
        assert_type(error.retry_after, float | None)
        assert_type(error.attempt, int)
        assert_type(error.retryable, bool)
        assert_type(error.kind, str)
    except (ConfigurationError, RegistrationError) as error:
        assert_type(error, ConfigurationError | RegistrationError)
    except CustomActionException:
        pass
    root: type[CustomActionException] = DialogueStateException
    del root
