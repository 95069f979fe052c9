"""Where a served program's log goes: to stderr, as lines of text or of JSON."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_actions.server.serving.settings import ServingSettings

_TEXT = "%(asctime)s %(levelname)-7s [%(process)d] %(name)s: %(message)s"


def start_log(settings: ServingSettings) -> None:
    """Send all logs to stderr, unless the program has told the root logger otherwise."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if settings.log_format == "json" else logging.Formatter(_TEXT))
    level = settings.log_level.upper()
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("mm_actions").setLevel(level)
    for name in ("uvicorn", "watchfiles", "mcp"):  # what they tell at other times, we tell
        logging.getLogger(name).setLevel("WARNING")


class _Json(logging.Formatter):
    """Writes a record as an object of one line."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "process": record.process,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=True, default=repr)
