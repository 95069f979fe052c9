"""mm_actions: the gateway between a dialogue app and the services that do its work."""

from typing import TYPE_CHECKING, Any

from mm_actions.application.app import Application
from mm_actions.application.conversation import Conversation
from mm_actions.application.flow import DialogueFlow
from mm_actions.application.loading import load_app
from mm_actions.application.manager import DialogueStateException
from mm_actions.client.action import (
    CustomAction,
    CustomActionSequence,
    invoke_custom_action,
    invoke_custom_action_async,
)
from mm_actions.client.call import observing
from mm_actions.client.endpoint import close_endpoints
from mm_actions.client.result import ActionResult
from mm_actions.client.stream import ActionStream, AsyncActionStream
from mm_actions.config import Config, Secret, ServerSettings, load_config
from mm_actions.core.params import FrozenParams, Params
from mm_actions.core.request import Request
from mm_actions.core.responder import DialogueResponder, DirectiveNames, DirectiveTypes
from mm_actions.errors import ConfigurationError, CustomActionException, InvocationError, RegistrationError

if TYPE_CHECKING:
    from mm_actions.nlp import ExamplesNlp

Responder = DialogueResponder

__all__ = [  # noqa: RUF022 - grouped as a table of contents
    # the application
    "Application",
    "Conversation",
    "DialogueFlow",
    "DialogueStateException",
    "ExamplesNlp",
    "load_app",
    # one turn
    "Request",
    "Params",
    "FrozenParams",
    "DialogueResponder",
    "Responder",
    "DirectiveNames",
    "DirectiveTypes",
    # calling actions
    "CustomAction",
    "CustomActionSequence",
    "ActionResult",
    "ActionStream",
    "AsyncActionStream",
    "invoke_custom_action",
    "invoke_custom_action_async",
    "observing",
    "close_endpoints",
    # settings
    "Config",
    "ServerSettings",
    "Secret",
    "load_config",
    # errors; all of them are in mm_actions.errors
    "CustomActionException",
    "ConfigurationError",
    "RegistrationError",
    "InvocationError",
]


def __getattr__(name: str) -> Any:
    """Load the sample NLP when it is asked for: an app that brings its own need not pay for it."""
    if name == "ExamplesNlp":
        from mm_actions.nlp import ExamplesNlp  # noqa: PLC0415 - an app that brings its own need not load it

        return ExamplesNlp
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
