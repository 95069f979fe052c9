"""The options of `mm-actions call`: those of a server are named as the keys of actions.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from typer import Argument, Option

_TURN, _SERVER, _SHOWN = "The turn", "The server", "What is shown"
_JSON = "JSON|@FILE"
_FROM_ENVIRONMENT = "write '${NAME}' to take it from the environment."

Action: TypeAlias = Annotated[
    str | None, Argument(help="The action's name; a --payload may name it instead.", show_default=False)
]

# The turn
Text: TypeAlias = Annotated[str | None, Option(help="What the user said.", rich_help_panel=_TURN)]
Domain: TypeAlias = Annotated[str | None, Option(help="The domain of it.", rich_help_panel=_TURN)]
Intent: TypeAlias = Annotated[str | None, Option(help="The intent of it.", rich_help_panel=_TURN)]
Entities: TypeAlias = Annotated[
    list[str] | None,
    Option(
        "--entity",
        metavar="TYPE=VALUE",
        help="An entity in it, or 'TYPE|ROLE=VALUE'. Repeatable.",
        rich_help_panel=_TURN,
    ),
]
Frame: TypeAlias = Annotated[
    str | None, Option(metavar=_JSON, help="What earlier turns kept.", rich_help_panel=_TURN)
]
Slots: TypeAlias = Annotated[
    list[str] | None,
    Option(
        "--slot", metavar="NAME=VALUE", help="A slot of the responder. Repeatable.", rich_help_panel=_TURN
    ),
]
TurnParams: TypeAlias = Annotated[
    str | None,
    Option("--params", metavar=_JSON, help="Settings, such as a time zone.", rich_help_panel=_TURN),
]
Context: TypeAlias = Annotated[
    str | None, Option(metavar=_JSON, help="What the front end says of itself.", rich_help_panel=_TURN)
]
Payload: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="A recorded invocation (request, responder, action); other options go before it.",
        rich_help_panel=_TURN,
    ),
]
Merge: TypeAlias = Annotated[
    bool,
    Option(help="Merge the answer, or let it replace what the responder holds.", rich_help_panel=_TURN),
]

# The server
Url: TypeAlias = Annotated[
    str | None,
    Option(
        help="Where the actions are, by any of the schemes; no file is read then.", rich_help_panel=_SERVER
    ),
]
ConfigPath: TypeAlias = Annotated[
    Path | None,
    Option("--config", metavar="FILE", help="An actions.yaml, or an app's folder.", rich_help_panel=_SERVER),
]
Timeout: TypeAlias = Annotated[
    float | None,
    Option(metavar="SECONDS", help="For the whole call, retries included.", rich_help_panel=_SERVER),
]
ConnectTimeout: TypeAlias = Annotated[
    float | None, Option(metavar="SECONDS", help="To connect, TLS included.", rich_help_panel=_SERVER)
]
Retries: TypeAlias = Annotated[
    int | None, Option(metavar="N", help="Further attempts, where they are safe.", rich_help_panel=_SERVER)
]
Idempotent: TypeAlias = Annotated[
    bool, Option("--idempotent", help="The server honours Idempotency-Key.", rich_help_panel=_SERVER)
]
Cert: TypeAlias = Annotated[
    Path | None,
    Option("--cert", "--ca", metavar="FILE", help="Authorities to trust (PEM).", rich_help_panel=_SERVER),
]
PublicKey: TypeAlias = Annotated[
    Path | None, Option(metavar="FILE", help="The client's certificate (PEM).", rich_help_panel=_SERVER)
]
PrivateKey: TypeAlias = Annotated[
    Path | None,
    Option("--private-key", "--key", metavar="FILE", help="The client's key (PEM).", rich_help_panel=_SERVER),
]
PrivateKeyPassword: TypeAlias = Annotated[
    str | None,
    Option(metavar="TEXT", help=f"Opens an encrypted key; {_FROM_ENVIRONMENT}", rich_help_panel=_SERVER),
]
InsecureDev: TypeAlias = Annotated[
    bool,
    Option(
        "--insecure-dev",
        help="Do not check the server's certificate: for throw-away set-ups alone.",
        rich_help_panel=_SERVER,
    ),
]
Headers: TypeAlias = Annotated[
    list[str] | None,
    Option("--header", metavar="NAME:VALUE", help="A further header. Repeatable.", rich_help_panel=_SERVER),
]
Bearer: TypeAlias = Annotated[
    str | None,
    Option(metavar="TOKEN", help=f"A bearer token; {_FROM_ENVIRONMENT}", rich_help_panel=_SERVER),
]
Proxy: TypeAlias = Annotated[
    str | None, Option(metavar="URL", help="An HTTP proxy.", rich_help_panel=_SERVER)
]
Engine: TypeAlias = Annotated[
    str | None, Option(metavar="NAME", help="curl, requests or aiohttp.", rich_help_panel=_SERVER)
]

# What is shown
AsCurl: TypeAlias = Annotated[
    bool,
    Option(
        "--curl",
        help="Print the curl command that does the same, with $VARIABLES for secrets, and call nothing.",
        rich_help_panel=_SHOWN,
    ),
]
AsJson: TypeAlias = Annotated[
    bool, Option("--json", help="One JSON document, on failure too.", rich_help_panel=_SHOWN)
]
UseAsync: TypeAlias = Annotated[
    bool, Option("--async", help="Call from an event loop.", rich_help_panel=_SHOWN)
]
