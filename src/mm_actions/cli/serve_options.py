"""The options of `mm-actions serve`: named as the keys of serve.yaml, which they go before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from typer import Argument, Option

_PORT, _CALLERS, _LIMITS, _LOG = "The port", "Who may call", "Limits", "What is logged"

Module: TypeAlias = Annotated[
    str,
    Argument(
        metavar="MODULE[:SERVER]",
        help="A module's dotted name or a Python file; after a colon the ActionServer in it, `server` if none"
        " is named.",
        show_default=False,
    ),
]
ConfigPath: TypeAlias = Annotated[
    Path | None,
    Option(
        "--config", metavar="FILE", help="A YAML file with these settings; by default the serve.yaml here."
    ),
]
Check: TypeAlias = Annotated[
    bool, Option("--check", help="Import the module, check all settings, and serve nothing.")
]
Workers: TypeAlias = Annotated[int | None, Option(metavar="N", help="Processes that share the port.")]
Reload: TypeAlias = Annotated[
    bool | None,
    Option("--reload/--no-reload", help="Serve each new version of the code as it is saved."),
]
Keys: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="SQLite file that keeps answers by Idempotency-Key, for all workers and restarts.",
    ),
]

Host: TypeAlias = Annotated[
    str | None, Option(help="The address to listen on; 127.0.0.1 by default.", rich_help_panel=_PORT)
]
Port: TypeAlias = Annotated[
    int | None, Option(help="The port; 8080 by default, 0 takes a free one.", rich_help_panel=_PORT)
]
Http: TypeAlias = Annotated[
    bool | None,
    Option("--http/--no-http", help="Open that port; a server may speak gRPC alone.", rich_help_panel=_PORT),
]
Rasa: TypeAlias = Annotated[
    bool | None,
    Option(
        "--rasa/--no-rasa", help="Serve Rasa assistants as well: /webhook and /health.", rich_help_panel=_PORT
    ),
]
Grpc: TypeAlias = Annotated[
    bool | None,
    Option(
        "--grpc/--no-grpc",
        help="Serve Rasa assistants over gRPC, at a port of its own: 5055 by default.",
        rich_help_panel=_PORT,
    ),
]
GrpcPort: TypeAlias = Annotated[
    int | None, Option(help="The port for gRPC; 0 takes a free one.", rich_help_panel=_PORT)
]
Mcp: TypeAlias = Annotated[
    bool | None,
    Option("--mcp/--no-mcp", help="Serve the actions as MCP tools as well: /mcp.", rich_help_panel=_PORT),
]
McpStdio: TypeAlias = Annotated[
    bool,
    Option(
        "--mcp-stdio",
        help="Open no port: serve MCP tools to the program that starts this one, over its pipes.",
        rich_help_panel=_PORT,
    ),
]
TlsCert: TypeAlias = Annotated[
    Path | None,
    Option(metavar="FILE", help="The server's certificate with its chain (PEM).", rich_help_panel=_PORT),
]
TlsKey: TypeAlias = Annotated[
    Path | None, Option(metavar="FILE", help="Its private key (PEM).", rich_help_panel=_PORT)
]
TlsKeyPasswordFile: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="Holds the key's password; MM_ACTIONS_SERVE_TLS_KEY_PASSWORD may as well.",
        rich_help_panel=_PORT,
    ),
]

ClientCa: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="Authorities that client certificates must come from (PEM).",
        rich_help_panel=_CALLERS,
    ),
]
BearerFile: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="Holds bearer tokens, one on a line; MM_ACTIONS_SERVE_AUTH__BEARER may as well.",
        rich_help_panel=_CALLERS,
    ),
]
HmacFile: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="Holds secrets for signatures, one on a line: the old and the new one while they change;"
        " MM_ACTIONS_SERVE_AUTH__HMAC may as well.",
        rich_help_panel=_CALLERS,
    ),
]

Timeout: TypeAlias = Annotated[
    float | None, Option(metavar="SECONDS", help="That an action may take.", rich_help_panel=_LIMITS)
]
Concurrency: TypeAlias = Annotated[
    int | None,
    Option(
        metavar="N",
        help="Calls in progress in a process; more are refused at once.",
        rich_help_panel=_LIMITS,
    ),
]
Threads: TypeAlias = Annotated[
    int | None,
    Option(
        metavar="N",
        help="Threads of a process for actions that are plain functions.",
        rich_help_panel=_LIMITS,
    ),
]
MaxBody: TypeAlias = Annotated[
    int | None, Option(metavar="BYTES", help="Of a request's body.", rich_help_panel=_LIMITS)
]
BodyTimeout: TypeAlias = Annotated[
    float | None,
    Option(metavar="SECONDS", help="Within which a body must arrive.", rich_help_panel=_LIMITS),
]
Drain: TypeAlias = Annotated[
    float | None,
    Option(
        metavar="SECONDS",
        help="Between the signal to stop and the closing of the port.",
        rich_help_panel=_LIMITS,
    ),
]
Grace: TypeAlias = Annotated[
    float | None,
    Option(metavar="SECONDS", help="That calls in progress have to end after that.", rich_help_panel=_LIMITS),
]

AccessLog: TypeAlias = Annotated[
    bool | None,
    Option("--access-log/--no-access-log", help="A line for each request.", rich_help_panel=_LOG),
]
LogFormat: TypeAlias = Annotated[
    str | None, Option(metavar="FORMAT", help="text or json, on stderr.", rich_help_panel=_LOG)
]
LogLevel: TypeAlias = Annotated[
    str | None, Option(metavar="LEVEL", help="debug, info, warning or error.", rich_help_panel=_LOG)
]
