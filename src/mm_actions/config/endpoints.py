"""Rasa's ``endpoints.yml`` as a source of settings: what it says of the action server, in our keys.

The file has more sections than ``action_endpoint``. Those that are Rasa's own are passed over; keys of ours
may stand beside it, such as ``timeout``, and a group ``rasa`` with the domain.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from mm_actions.config import address
from mm_actions.config.checking import SERVER_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mm_actions.config.checking import Place

logger = logging.getLogger("mm_actions.config")

SECTION = "action_endpoint"
KEYS = (
    "url", "params", "headers", "basic_auth", "token", "token_name", "cafile", "ssl_client_cert",
    "ssl_client_key", "actions_module", "enable_selective_domain",
)  # fmt: skip
"""What Rasa reads in the section."""

_RENAMED = {"cafile": "cert", "ssl_client_cert": "public_key", "ssl_client_key": "private_key"}
_OF_RASA = {"params": "params", "token": "token", "token_name": "token_name"}
_TLS = tuple(_RENAMED)


def relevant(source: Mapping[str, Any], others: Iterable[str]) -> dict[str, Any]:
    """Leave out the sections of Rasa's own, whose variables need not be set.

    Args:
        source: All of a file that has the section.
        others: Keys of ours that are not a server's.
    """
    ours = (SECTION, *SERVER_KEYS, *others)
    return {key: value for key, value in source.items() if key in ours}


def own_keys(place: Place, source: Mapping[str, Any]) -> dict[str, Any]:
    """Say in our keys what the section says, and keep ours that stand beside it; ours go first.

    Args:
        place: The file.
        source: What is relevant of it.

    Raises:
        ConfigurationError: The section has a key that Rasa does not know.
    """
    beside = {key: value for key, value in source.items() if key != SECTION}
    here = place.at(SECTION)
    section = {key: value for key, value in here.mapping(source[SECTION]).items() if value is not None}
    here.known(section, KEYS)
    if (module := section.get("actions_module")) is not None:
        if "url" in section:
            logger.warning("%s has both actions_module and url: the module is run in this process", here)
        return {"url": f"{address.PYTHON}:{here.at('actions_module').text(module)}", **beside}
    rasa: dict[str, Any] = {name: section[key] for key, name in _OF_RASA.items() if key in section}
    if "enable_selective_domain" in section:
        rasa["selective_domain"] = section["enable_selective_domain"]
    made = {name: section[key] for key, name in _RENAMED.items() if key in section}
    if "url" in section:
        encrypted = any(key in section for key in _TLS)
        made["url"] = _url(here.at("url").text(section["url"]), encrypted=encrypted)
    if "headers" in section:
        made["headers"] = section["headers"]
    if "basic_auth" in section:
        made["auth"] = {"basic": section["basic_auth"]}
    if rasa:
        made["rasa"] = {**rasa, **place.at("rasa").mapping(beside.pop("rasa", None) or {})}
    return {**made, **beside}


def _url(url: str, *, encrypted: bool) -> str:
    """Write Rasa's url as ours: its scheme says how, and without one it is HTTP."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url if address.scheme_of(url) in _WITHOUT_HOST else f"rasa+http://{url}"
    scheme = scheme.lower()
    if scheme in address.HTTP:
        return f"rasa+{scheme}://{rest}"
    if scheme == "grpc" and encrypted:
        return f"grpcs://{rest}"
    return url


_WITHOUT_HOST = (address.PYTHON, address.MCP_STDIO)
