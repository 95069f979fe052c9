"""On what a run took place: figures mean little without it."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

_LIBRARIES = (
    "mm_actions", "msgspec", "pycurl", "requests", "urllib3", "aiohttp", "uvicorn", "uvloop", "httptools",
    "starlette", "connexion",
)  # fmt: skip


def describe() -> dict[str, str]:
    """Give what may be told: no name of the host, no path."""
    import pycurl  # noqa: PLC0415 - loads libcurl

    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "system": f"{platform.system()} {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f} processes wanted to run when it began",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libcurl": pycurl.version_info()[1],
        "libcurl's TLS": pycurl.version_info()[5],
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"
