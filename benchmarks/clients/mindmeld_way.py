"""How MindMeld calls an action: a connection for every call, and schemas that go through every member.

It is a re-telling of what MindMeld 4.7 does, so that anybody can compare without installing MindMeld;
``--mindmeld`` measures the real one beside it. The re-telling leaves things out, so it is the faster one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import aiohttp
import requests

from benchmarks.clients.sessions import merged

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Mapping
    from contextlib import ExitStack

    from benchmarks.far_end import FarEnd


class Field:
    """Writes one member as it is."""

    def written(self, value: Any) -> Any:
        """Give what travels."""
        return value


class Text(Field):
    """Writes a text, a time zone or a timestamp."""

    def written(self, value: Any) -> Any:
        """Give a string, or None."""
        return None if value is None else str(value)


class Members(Field):
    """Writes a mapping."""

    def written(self, value: Any) -> Any:
        """Give a dict."""
        return dict(value or {})


class Many(Field):
    """Writes a list, each by another field."""

    def __init__(self, inner: Field) -> None:
        self._inner = inner

    def written(self, value: Any) -> Any:
        """Give a list."""
        return [self._inner.written(each) for each in value or ()]


class Schema(Field):
    """Writes an object, member by member."""

    def __init__(self, **fields: Field) -> None:
        self._fields = fields

    def written(self, value: Any) -> Any:
        """Give a dict."""
        found = {}
        for name, field in self._fields.items():
            member = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
            found[name] = field.written(member() if callable(member) else member)
        return found


_PARAMS = Schema(
    allowed_intents=Many(Text()), time_zone=Text(), dynamic_resource=Members(), language=Text(),
    locale=Text(), timestamp=Text(), target_dialogue_state=Text(),
)  # fmt: skip
_REQUEST = Schema(
    text=Text(), domain=Text(), intent=Text(), entities=Many(Members()), history=Many(Members()),
    frame=Members(), params=_PARAMS, context=Members(), confidences=Members(), form=Members(),
    nbest_transcripts_text=Many(Text()), nbest_transcripts_entities=Many(Many(Members())),
    nbest_aligned_entities=Many(Many(Members())),
)  # fmt: skip
_RESPONDER = Schema(
    request=_REQUEST, slots=Members(), frame=Members(), directives=Many(Members()), dialogue_state=Text(),
    params=_PARAMS, form=Members(), history=Many(Members()),
)  # fmt: skip


def blocking(end: FarEnd, stack: ExitStack) -> Callable[[Any, Any], bool]:
    """Call ``requests.post`` every time."""
    trust(end, stack)

    def call(request: Any, responder: Any) -> bool:
        response = requests.post(end.url, json=payload(request, responder), cert=end.pair)
        return response.status_code == requests.codes.ok and merged(response.json(), responder)

    return call


def asynchronous(end: FarEnd) -> Callable[[Any, Any], Coroutine[Any, Any, bool]]:
    """Make a TLS context and a session every time."""

    async def call(request: Any, responder: Any) -> bool:
        body = payload(request, responder)
        context: ssl.SSLContext | bool = end.context() or True
        async with (
            aiohttp.ClientSession() as session,
            session.post(end.url, json=body, ssl=context) as response,
        ):
            return response.status == requests.codes.ok and merged(await response.json(), responder)

    return call


def payload(request: Any, responder: Any) -> Mapping[str, Any]:
    """Write the whole responder, with its request and history, and take four members of it."""
    everything = _RESPONDER.written(responder)
    members = {name: everything[name] for name in ("frame", "directives", "params", "slots")}
    said = {name: value for name, value in _REQUEST.written(request).items() if value}
    return {"request": said, "responder": members, "action": "order"}


def trust(end: FarEnd, stack: ExitStack) -> None:
    """Have requests trust a server's authority by the one way that MindMeld leaves: the environment."""
    if end.ca is not None:
        os.environ["REQUESTS_CA_BUNDLE"] = end.ca
        stack.callback(os.environ.pop, "REQUESTS_CA_BUNDLE", None)
