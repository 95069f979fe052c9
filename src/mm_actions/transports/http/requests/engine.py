"""The engine on requests, for users who bring a session of their own: auth plug-ins, instrumentation.

The asynchronous colour sends on threads.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import requests
import requests.exceptions
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from mm_actions.errors import ConfigurationError, CustomActionException, InvocationError, Sent
from mm_actions.transports.fork import start_anew_after_fork
from mm_actions.transports.http.causes import causes_of, explain
from mm_actions.transports.http.content_coding import ACCEPT_ENCODING, Body
from mm_actions.transports.http.engine import HttpResponse
from mm_actions.transports.http.failures import (
    broken_coding,
    conflicting_length,
    connection_lost,
    deadline_exceeded,
    headers_too_large,
    not_http,
    response_aborted,
)
from mm_actions.transports.http.head import check_length, check_request, joined
from mm_actions.transports.http.requests.session import own_session, watch_session
from mm_actions.transports.http.requests.stream import AsyncRequestsStream, OnThread, RequestsStream
from mm_actions.transports.http.requests.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mm_actions.transports.http.engine import EngineOptions, HttpRequest
    from mm_actions.transports.http.tls import TlsMaterial

_CHUNK = 16 << 10
_URL_ERRORS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.LocationParseError,
)


class RequestsEngine:
    """Sends with requests.

    Args:
        options: Limits, certificates and time-outs. With a session of the user's, its certificates and
            proxies are used instead.
        session: The user's; used as it is and never closed here. None for one of the engine's own.
    """

    _own: requests.Session | None
    _threads: ThreadPoolExecutor
    _material: TlsMaterial | None

    def __init__(self, options: EngineOptions, session: requests.Session | None = None) -> None:
        self._options = options
        self._given = session
        self._begin()
        start_anew_after_fork(self)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send and wait on the calling thread; see :meth:`Engine.send <.engine.Engine.send>`."""
        check_request(request)
        return self._exchange(request, Watch(self._options, max(0.0, request.timeout)))

    async def send_async(self, request: HttpRequest) -> HttpResponse:
        """Send on a thread of the engine's; see :meth:`Engine.send_async <.engine.Engine.send_async>`."""
        check_request(request)
        watch = Watch(self._options, max(0.0, request.timeout))
        return await OnThread(self._threads, request, watch).run(self._exchange, request, watch)

    def open_stream(self, request: HttpRequest) -> RequestsStream:
        """Send, and read as the caller goes on; see :meth:`.engine.Engine.open_stream`."""
        check_request(request)
        watch = Watch(self._options, max(0.0, request.timeout), stays=True)
        return self._open(request, watch)

    async def open_stream_async(self, request: HttpRequest) -> AsyncRequestsStream:
        """Send and read on threads of the engine's; see :meth:`.engine.Engine.open_stream_async`."""
        check_request(request)
        watch = Watch(self._options, max(0.0, request.timeout), stays=True)
        on_thread = OnThread(self._threads, request, watch)
        return AsyncRequestsStream(await on_thread.run(self._open, request, watch), on_thread)

    def close(self) -> None:
        """Close the connections of the engine's own session; a user's session stays open."""
        with self._changing:
            session, self._own = self._own, None
            threads, self._threads = self._threads, self._new_threads()
        threads.shutdown(wait=False)
        if session is not None:
            session.close()

    def forget_parent(self) -> None:
        """Drop the parent's session and threads, in a forked child."""
        if self._given is not None:
            for adapter in self._given.adapters.values():
                if isinstance(adapter, HTTPAdapter):
                    adapter.__setstate__(adapter.__getstate__())  # type: ignore[attr-defined] # stubs lack it
        self._begin()

    def _begin(self) -> None:
        self._changing = threading.Lock()
        self._own = None
        self._material = None
        self._threads = self._new_threads()

    def _new_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._options.max_connections, thread_name_prefix="mm_actions-requests")

    def _session(self, watch: Watch) -> requests.Session:
        if self._given is not None:
            watch_session(self._given)
            return self._given
        source = self._options.tls
        material = None if source is None else source.current()
        watch.progress.material = material
        with self._changing:
            if self._own is None or material is not self._material:
                replaced, self._own = self._own, own_session(self._options, material)
                self._material = material
                if replaced is not None:
                    replaced.close()  # idle connections only; exchanges in flight go on
            return self._own

    def _exchange(self, request: HttpRequest, watch: Watch) -> HttpResponse:
        with self._translating(request, watch), watch:
            response, headers = self._begin_exchange(request, watch)
            return self._read(response, headers)

    def _open(self, request: HttpRequest, watch: Watch) -> RequestsStream:
        with self._translating(request, watch), watch:
            response, headers = self._begin_exchange(request, watch)
            return RequestsStream(response, headers, watch, lambda: self._translating(request, watch))

    @contextlib.contextmanager
    def _translating(self, request: HttpRequest, watch: Watch) -> Iterator[None]:
        """Let no exception of a library through; what fails loses its connection."""
        try:
            _check_time(request, watch)
            yield
        except BaseException as error:
            watch.drop()
            if isinstance(error, InvocationError) and watch.progress.out_of_time:
                raise deadline_exceeded(request, _sent(watch)) from error
            if isinstance(error, CustomActionException) or not isinstance(error, Exception):
                raise
            raise self._translate(error, request, watch) from error

    def _begin_exchange(
        self, request: HttpRequest, watch: Watch
    ) -> tuple[requests.Response, Mapping[str, str]]:
        response = watch.response = self._send(request, watch)
        watch.progress.answered = True
        pairs = list(response.raw.headers.items())
        if sum(len(name) + len(value) + 4 for name, value in pairs) > self._options.max_header_bytes:
            raise headers_too_large(self._options)
        headers = joined(pairs)
        check_length(headers)
        return response, headers

    def _send(self, request: HttpRequest, watch: Watch) -> requests.Response:
        session = self._session(watch)
        headers: dict[str, Any] = {"Accept-Encoding": ACCEPT_ENCODING, **dict(request.headers)}
        prepared = session.prepare_request(
            requests.Request(request.method, request.url, headers=headers, data=request.body or None)
        )
        # Without following it, requests still reads the whole body of a redirect into memory.
        prepared.register_hook("response", _without_redirect_body)  # type: ignore[no-untyped-call] # its stubs
        settings = session.merge_environment_settings(prepared.url, {}, True, None, None)
        left = max(0.001, watch.left)
        connect_timeout = min(self._options.connect_timeout, left)
        return session.send(prepared, allow_redirects=False, timeout=(connect_timeout, left), **settings)

    def _read(self, response: requests.Response, headers: Mapping[str, str]) -> HttpResponse:
        if response.is_redirect:
            return HttpResponse(status=response.status_code, headers=headers, body=b"")
        body = Body(headers.get("content-encoding", ""), self._options)
        for piece in response.raw.stream(_CHUNK, decode_content=False):
            body.add(piece)
        return HttpResponse(status=response.status_code, headers=headers, body=body.whole())

    def _translate(self, error: Exception, request: HttpRequest, watch: Watch) -> Exception:
        progress = watch.progress
        causes = list(causes_of(error))
        if any(isinstance(cause, _URL_ERRORS) for cause in causes):
            return ConfigurationError(f"{request.url!r} is no url; correct the setting url")
        if progress.out_of_time or isinstance(error, InvocationError):
            return explain(error, request, self._options, progress)
        for cause in causes:
            if isinstance(cause, urllib3.exceptions.DecodeError):
                return broken_coding()
            if isinstance(cause, (urllib3.exceptions.IncompleteRead, urllib3.exceptions.InvalidChunkLength)):
                return response_aborted(type(cause).__name__)
            if isinstance(cause, urllib3.exceptions.InvalidHeader):
                return conflicting_length()
            if isinstance(cause, http.client.RemoteDisconnected):
                return connection_lost("closed", Sent.MAYBE)
            if isinstance(cause, http.client.BadStatusLine):
                return not_http("no status line")
        return explain(error, request, self._options, progress)


def _check_time(request: HttpRequest, watch: Watch) -> None:
    if watch.left <= 0:
        raise deadline_exceeded(request, _sent(watch))


def _sent(watch: Watch) -> Sent:
    return Sent.YES if watch.progress.answered else watch.progress.sent


def _without_redirect_body(response: requests.Response, **_settings: Any) -> requests.Response:
    if response.is_redirect:
        response.close()
    return response
