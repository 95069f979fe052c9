"""The channels to one server: one for blocking callers, and one for each event loop."""

from __future__ import annotations

import asyncio
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import grpc
import grpc.aio

from mm_actions.config.address import default_port, scheme_of
from mm_actions.dialects.rasa.proto import METHODS
from mm_actions.errors import ConfigurationError
from mm_actions.transports.fork import start_anew_after_fork
from mm_actions.transports.http.engine import EngineOptions
from mm_actions.transports.http.tls import TlsSource
from mm_actions.transports.loop_end import at_loop_end

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mm_actions.config import ServerSettings
    from mm_actions.transports.http.tls import TlsMaterial

_RECONNECT_MS = 100
_IDLE_MS = 55_000
_FAREWELL = 60.0
"""Seconds for the calls of a channel whose certificates were replaced."""
_kept: list[object] = []
_forked: list[bool] = []
"""Holds something where asynchronous gRPC would end the process: its threads stayed in the parent."""


class Lane(NamedTuple):
    """A channel and its methods, from bytes to bytes.

    Attributes:
        channel: gRPC's.
        material: What its handshakes use.
        webhook: One answer.
        stream: An answer piece by piece.
        ack: Interrupts such an answer.
        actions: The catalogue.
    """

    channel: Any
    material: TlsMaterial | None
    webhook: Any
    stream: Any
    ack: Any
    actions: Any


class Channels:
    """Makes channels when they are needed, and anew when the certificates were replaced.

    A forked child makes its own; what the parent has is left as it is. This needs the fork support that gRPC
    has by default, and the child of a process with open channels on event loops can only call blocking.

    Args:
        settings: The server's.

    Raises:
        ConfigurationError: A file cannot be used, or a setting is of no meaning to gRPC.
    """

    _blocking: Lane | None
    _on_loops: dict[asyncio.AbstractEventLoop, tuple[Lane, AsyncGenerator[None, None]]]
    _changing: threading.Lock

    def __init__(self, settings: ServerSettings) -> None:
        _check(settings)
        parts = urlsplit(settings.url)
        self.host = parts.hostname or ""
        written = f"[{self.host}]" if ":" in self.host else self.host
        self._target = f"{written}:{parts.port or default_port(settings.url)}"
        password = settings.private_key_password
        self._tls = None
        if scheme_of(settings.url) == "grpcs":
            self._tls = TlsSource(
                ca=settings.cert,
                certificate=settings.public_key,
                private_key=settings.private_key,
                password=password.reveal() if password else None,
            )
        self.options = EngineOptions(
            connect_timeout=settings.connect_timeout,
            tls=self._tls,
            max_response_bytes=settings.max_response_bytes,
        )
        self._retiring: set[asyncio.Task[None]] = set()
        self._begin()
        start_anew_after_fork(self)

    def blocking(self) -> Lane:
        """Give the channel for blocking callers."""
        material = None if self._tls is None else self._tls.current()
        lane = self._blocking
        if lane is None or lane.material is not material:
            with self._changing:
                lane = self._blocking
                if lane is None or lane.material is not material:
                    # One that is replaced ends with the last of its calls.
                    lane = self._blocking = self._open(grpc, material)
        return lane

    async def on_loop(self) -> Lane:
        """Give the channel of the running event loop."""
        if _forked:
            raise ConfigurationError(
                "this process was forked from one that had gRPC channels on an event loop, and cannot open "
                "more of them: call blocking, fork before the first call, or start processes with spawn"
            )
        loop = asyncio.get_running_loop()
        material = None if self._tls is None else self._tls.current()
        found = self._on_loops.get(loop)
        if found is not None and found[0].material is material:
            return found[0]
        lane = self._open(grpc.aio, material)

        async def end() -> None:
            with self._changing:
                if self._on_loops.get(loop, (None,))[0] is lane:
                    del self._on_loops[loop]
            await lane.channel.close()

        guard = await at_loop_end(end)
        with self._changing:
            other = self._on_loops.get(loop)
            self._on_loops[loop] = lane, guard
            for ended in [each for each in self._on_loops if each.is_closed()]:
                del self._on_loops[ended]
        if other is not None:
            self._retire(loop, other[0], _FAREWELL)
        return lane

    def close(self) -> None:
        """Close all channels: those of running loops on their loops, a moment later."""
        with self._changing:
            blocking, self._blocking = self._blocking, None
            on_loops, self._on_loops = self._on_loops, {}
        if blocking is not None:
            blocking.channel.close()
        for loop, (lane, _) in on_loops.items():
            if loop.is_running():
                loop.call_soon_threadsafe(self._retire, loop, lane, None)

    def forget_parent(self) -> None:
        """Drop the parent's channels, in a forked child, without a word to the server."""
        _kept.append((self._blocking, self._on_loops))
        if self._on_loops:
            _forked.append(True)
        self._begin()

    def _begin(self) -> None:
        self._blocking = None
        self._on_loops = {}
        self._changing = threading.Lock()

    def _retire(self, loop: asyncio.AbstractEventLoop, lane: Lane, grace: float | None) -> None:
        task = loop.create_task(lane.channel.close(grace))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def _open(self, colour: Any, material: TlsMaterial | None) -> Lane:
        milliseconds = max(1, int(self.options.connect_timeout * 1000))
        options = [
            ("grpc.primary_user_agent", "mm_actions"),
            ("grpc.max_receive_message_length", self.options.max_response_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_metadata_size", self.options.max_header_bytes),
            ("grpc.absolute_max_metadata_size", self.options.max_header_bytes),
            ("grpc.min_reconnect_backoff_ms", milliseconds),  # which is also the time to connect
            ("grpc.initial_reconnect_backoff_ms", _RECONNECT_MS),
            ("grpc.max_reconnect_backoff_ms", _RECONNECT_MS),
            ("grpc.client_idle_timeout_ms", _IDLE_MS),
            ("grpc.enable_retries", 0),  # what is sent again, and when, is decided in one place
            ("grpc.enable_http_proxy", 0),  # the environment is not read
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if material is None:
            channel = colour.insecure_channel(self._target, options)
        else:
            channel = colour.secure_channel(self._target, _credentials(material), options)
        return Lane(
            channel=channel,
            material=material,
            webhook=channel.unary_unary(METHODS["Webhook"]),
            stream=channel.unary_stream(METHODS["WebhookStream"]),
            ack=channel.unary_unary(METHODS["AckStreamChunks"]),
            actions=channel.unary_unary(METHODS["Actions"]),
        )


def _credentials(material: TlsMaterial) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=material.ca or _system_authorities(),
        private_key=_readable_key(material),
        certificate_chain=material.certificate,
    )


def _readable_key(material: TlsMaterial) -> bytes | None:
    """Give the client's key without its password, which gRPC does not ask for."""
    if material.private_key is None or material.password is None:
        return material.private_key
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - for encrypted keys alone
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key(material.private_key, material.password.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _system_authorities() -> bytes | None:
    """Read the authorities that OpenSSL trusts here; None for the list that gRPC brings along."""
    file = ssl.get_default_verify_paths().cafile
    return Path(file).read_bytes() if file is not None else None


def _check(settings: ServerSettings) -> None:
    place = f"the server at {settings.url}"
    for name, given, instead in (
        ("proxy", settings.proxy is not None, "reach it directly"),
        ("crl", settings.crl is not None, "issue certificates for a short time instead"),
        ("verify: false", not settings.verify, "set cert to your authority's file"),
        ("a session of your own as engine", not isinstance(settings.engine, str), "leave engine out"),
    ):
        if given:
            raise ConfigurationError(f"{place} has {name}, which gRPC cannot do here: {instead}")
    if urlsplit(settings.url).path not in ("", "/"):
        raise ConfigurationError(f"{place} has a path, which gRPC does not know: end the url with the port")
    if scheme_of(settings.url) == "grpc" and (settings.cert or settings.public_key):
        raise ConfigurationError(f"{place} has certificates, but is plain: write grpcs://")
