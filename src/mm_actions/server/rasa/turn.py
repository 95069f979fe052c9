"""One call of a Rasa assistant: read into a turn for any action of ours, and answered in Rasa's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import parse
from mm_actions.contract.wire import Answer
from mm_actions.dialects.rasa.answers import rasa_answer_of
from mm_actions.dialects.rasa.wire import RasaAnswer, RasaCall, acceptable
from mm_actions.errors import EncodingFailed
from mm_actions.server.calls.arrival import Arrived
from mm_actions.server.calls.changes import BadResult, answer_of
from mm_actions.server.calls.sent import NOTHING_SENT, sent_of
from mm_actions.server.errors import ActionError
from mm_actions.server.rasa.words import refused
from mm_actions.server.rasa_sdk.native import NativeHandler, NativeResponder, native_turn

if TYPE_CHECKING:
    from mm_actions.server.calls.changes import Flushed
    from mm_actions.server.rasa.domains import Domains
    from mm_actions.server.rasa.words import Words
    from mm_actions.server.registry import Action, Registry

DOMAIN_MISSING = "urn:mm-actions:problem:domain-missing"
MISSING_DOMAIN = (
    "Missing domain context: no domain with this digest is known here. Send the call again, with the domain."
)
"""What an assistant is told that has to send its domain; it knows the answer by the first three words."""


class RasaTurn:
    """The dialect of one call; see :class:`mm_actions.server.calls.dialect.Dialect`.

    Args:
        words: How it travels.
        registry: The actions.
        domains: Where domains are kept.
        owner: The caller's credentials.

    Attributes:
        name: The action that was asked for; empty before it is known.
        call: The call, once it is read.
        responder: What its action answers with, once it is read.
        streamed: What has left as chunks already, or must not leave as they do; it is the beginning of the
            answer's directives, and this what else is to be said of them.
    """

    def __init__(self, words: Words, registry: Registry, domains: Domains, owner: bytes) -> None:
        self._words = words
        self._registry = registry
        self._domains = domains
        self._owner = owner
        self.name = ""
        self.call: RasaCall | None = None
        self.responder: NativeResponder | None = None
        self.streamed: Streamed | None = None

    def read(self, body: bytes) -> Arrived:
        """Read the call.

        Raises:
            ActionError: 400, or 449 where the action needs a domain that is not known.
        """
        call, domain = self._words.decode(body, self._wants_events)
        if not call.next_action:
            raise refused("The body's member `next_action` must name an action.")
        self.name = call.next_action
        action = self._registry.find(self.name)
        handler: object = None if action is None else action.handler
        native = isinstance(handler, NativeHandler)
        self._keep(call, domain)
        if native and getattr(
            handler, "needs_domain", True
        ):  # as those of rasa_sdk, unless they say otherwise
            call = self._with_domain(call, domain)
        mapped = action is not None and not native
        request, responder = native_turn(call, mapped=mapped)
        self.call, self.responder = call, responder
        sent = sent_of(responder) if mapped else NOTHING_SENT
        return Arrived(action=self.name, request=request, responder=responder, sent=sent)

    def write(self, arrived: Arrived, result: object, flushed: Flushed | None) -> bytes:
        """Write the answer: what the action said in Rasa's words, and in ours."""
        answer = RasaAnswer(events=[], responses=[])
        responder: Any = arrived.responder  # a native one, whatever its class when it is streamed
        if self.streamed is not None:
            _extend(answer, self.streamed.kept)
        answer.events += responder.events
        answer.responses += responder.responses
        if result is not None or responder.directives or responder.frame or responder.slots:
            changes = parse(answer_of(arrived.responder, arrived.sent, result, flushed), Answer)
            if self.streamed is not None and changes.directives:
                changes.directives = changes.directives[self.streamed.count :]
            _extend(answer, self.said(changes))
        return self.written(acceptable(answer))

    def written(self, answer: RasaAnswer) -> bytes:
        """Write an answer as it travels.

        Raises:
            BadResult: It cannot be written.
        """
        try:
            return self._words.encode(answer)
        except EncodingFailed as error:
            raise BadResult("", f"cannot be written: {error.cause}") from error

    def said(self, changes: Answer) -> RasaAnswer:
        """Say an action's changes in Rasa's words; chunks that have not left are messages."""
        if self.call is None:
            raise RuntimeError("a turn is read before it is answered")
        return rasa_answer_of(changes, self.call)

    def _wants_events(self, name: str | None) -> bool:
        """Tell whether an action is handed the call as it is."""
        action = None if name is None else self._registry.find(name)
        return action is not None and _is_native(action)

    def _keep(self, call: RasaCall, domain: bytes | None) -> None:
        if domain is not None and call.domain_digest and domain != b"{}":
            self._domains.keep(self._owner, call.domain_digest, domain)

    def _with_domain(self, call: RasaCall, domain: bytes | None) -> RasaCall:
        """Give the call a domain of its own.

        Raises:
            ActionError: 449.
        """
        if domain is None:
            # Without a digest the call is of an assistant that knows of none, such as Rasa 3.6's; it sends no
            # domain to actions that were declared not to get one.
            digest = call.domain_digest
            domain = self._domains.find(self._owner, digest) if digest else b"{}"
        if domain is None:
            raise ActionError(449, "Domain missing", MISSING_DOMAIN, kind=DOMAIN_MISSING)
        try:
            return msgspec.structs.replace(call, domain=_domain.decode(domain))
        except (msgspec.DecodeError, RecursionError) as error:  # what skipping it did not see
            raise refused("The body's member `domain` cannot be read.") from error


class Streamed:
    """What has become of the directives that were flushed.

    Attributes:
        count: How many there were.
        kept: What of them cannot be a chunk, and is part of the answer.
    """

    def __init__(self) -> None:
        self.count = 0
        self.kept = RasaAnswer(events=[], responses=[])


def _extend(answer: RasaAnswer, more: RasaAnswer) -> None:
    answer.events += more.events
    answer.responses += more.responses


def _is_native(action: Action) -> bool:
    handler: object = action.handler
    return isinstance(handler, NativeHandler)


_domain = msgspec.json.Decoder(dict[str, Any])
