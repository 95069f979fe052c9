"""``GET /ui/``: Swagger UI for a server's ``/openapi.json``, from the package swagger-ui-bundle."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError
from mm_actions.server.door.etag import tag_of, unless_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.server.calls.reply import Reply

_PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Actions</title>
<link rel="icon" type="image/png" href="favicon-32x32.png">
<link rel="stylesheet" href="swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script src="start.js"></script>
</body>
</html>
"""
_START = b"""SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
_HTML, _SCRIPT = b"text/html; charset=utf-8", b"text/javascript; charset=utf-8"
_OWN = {"": (_PAGE, _HTML), "start.js": (_START, _SCRIPT)}
_BUNDLED = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": _SCRIPT,
    "favicon-32x32.png": b"image/png",
}
NAMES = (*_OWN, *_BUNDLED)
"""The files below ``/ui/``; nothing else is ever read."""
_POLICY = (
    # Swagger UI draws with style attributes and images in data urls; scripts come from this server alone.
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


def available() -> bool:
    """Tell whether the extra is installed."""
    return find_spec("swagger_ui_bundle") is not None


def check() -> None:
    """Refuse to promise what is not there.

    Raises:
        ConfigurationError: The extra is not installed.
    """
    if not available():
        raise ConfigurationError("ui needs swagger-ui-bundle: pip install 'mm_actions[ui]'")


def page(name: str, headers: Mapping[bytes, bytes]) -> Reply:
    """Give one of the files.

    Args:
        name: One of :data:`NAMES`.
        headers: The request's; a file that the browser has already is not sent again.
    """
    content, media_type, tag = _content(name)
    return unless_known(headers, content, media_type, tag, (*_HEADERS, (b"cache-control", b"max-age=3600")))


@cache
def _content(name: str) -> tuple[bytes, bytes, bytes]:
    if name in _OWN:
        content, media_type = _OWN[name]
    else:
        from swagger_ui_bundle import (  # type: ignore[import-untyped] # noqa: PLC0415 - an extra, without types
            swagger_ui_path,
        )

        content, media_type = (swagger_ui_path / name).read_bytes(), _BUNDLED[name]
    return content, media_type, tag_of(content)
