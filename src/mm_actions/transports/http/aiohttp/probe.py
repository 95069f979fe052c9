"""Finds out whether a connection was cut because of the client certificate.

On TLS 1.3 a server refuses it after the handshake, by an alert and then by closing. When the client is still
writing, asyncio sees the reset first and throws the alert away.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mm_actions.errors import Sent
from mm_actions.transports.http.tls import TlsMaterial
from mm_actions.transports.http.tls_failures import client_refusal

if TYPE_CHECKING:
    from mm_actions.errors import TlsFailed

_PATIENCE = 0.25


async def refusal_after_handshake(url: str, material: TlsMaterial | None, left: float) -> TlsFailed | None:
    """Do another handshake, send nothing, and see whether the server refuses it.

    Args:
        url: The server's.
        material: What the handshake uses.
        left: Seconds until the deadline of the call.
    """
    server = urlsplit(url)
    if server.scheme != "https" or left <= 0:
        return None
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(min(left, _PATIENCE)):
            context = (material or TlsMaterial()).ssl_context()
            reader, writer = await asyncio.open_connection(server.hostname, server.port or 443, ssl=context)
            await reader.read(1)
    except ssl.SSLError as error:
        # SENT: the probe carried nothing, but the call it is about may have.
        return client_refusal(str(error), material, Sent.MAYBE, asked=False)
    except (OSError, TimeoutError):
        return None
    finally:
        if writer is not None:
            with contextlib.suppress(Exception):  # closing what the server has cut
                writer.close()
                await writer.wait_closed()
    return None
