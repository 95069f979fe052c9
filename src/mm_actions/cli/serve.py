"""`mm-actions serve`: a module's actions behind a port."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.cli import serve_options as given  # noqa: TC001 - typer reads the annotations
from mm_actions.cli.failure import EX_CONFIG, EX_SOFTWARE, complain
from mm_actions.cli.printable import document, printable

if TYPE_CHECKING:
    from mm_actions.server.serving.process import Served
    from mm_actions.server.serving.settings import ServingSettings

MOST_NAMES = 10


def serve(
    module: given.Module,
    *,
    config: given.ConfigPath = None,
    check: given.Check = False,
    workers: given.Workers = None,
    reload: given.Reload = None,
    keys: given.Keys = None,
    host: given.Host = None,
    port: given.Port = None,
    http: given.Http = None,
    rasa: given.Rasa = None,
    grpc: given.Grpc = None,
    grpc_port: given.GrpcPort = None,
    mcp: given.Mcp = None,
    mcp_stdio: given.McpStdio = False,
    tls_cert: given.TlsCert = None,
    tls_key: given.TlsKey = None,
    tls_key_password_file: given.TlsKeyPasswordFile = None,
    client_ca: given.ClientCa = None,
    bearer_file: given.BearerFile = None,
    hmac_file: given.HmacFile = None,
    timeout: given.Timeout = None,
    concurrency: given.Concurrency = None,
    threads: given.Threads = None,
    max_body: given.MaxBody = None,
    body_timeout: given.BodyTimeout = None,
    drain: given.Drain = None,
    grace: given.Grace = None,
    access_log: given.AccessLog = None,
    log_format: given.LogFormat = None,
    log_level: given.LogLevel = None,
) -> int:
    """Serve the actions of a module until SIGTERM or Ctrl-C.

    Then readiness is withdrawn at once, calls in progress are answered, and the exit code is 0. Settings are
    also read from MM_ACTIONS_SERVE_* and from a file, and these options go before both.

    For example:

      mm-actions serve my_actions

      mm-actions serve shop/actions.py:server --reload

      mm-actions serve my_actions --host 0.0.0.0 --workers 4 --keys keys.sqlite --bearer-file tokens

      mm-actions serve my_actions --rasa --port 5055

      mm-actions serve my_actions --mcp-stdio
    """
    # What serving needs is not for the other commands to load.
    from mm_actions.server.serving.loading import ModuleFailed  # noqa: PLC0415 - only this command needs it
    from mm_actions.server.serving.settings import serving_settings  # noqa: PLC0415 - only this command needs it

    options = {
        "workers": workers,
        "reload": reload,
        "keys": keys,
        "host": host,
        "port": port,
        "http": http,
        "rasa": rasa,
        "grpc": grpc,
        "grpc_port": grpc_port,
        "mcp": mcp,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "tls_key_password_file": tls_key_password_file,
        "client_ca": client_ca,
        "auth.bearer_file": bearer_file,
        "auth.hmac_file": hmac_file,
        "timeout": timeout,
        "concurrency": concurrency,
        "threads": threads,
        "max_body": max_body,
        "body_timeout": body_timeout,
        "drain": drain,
        "grace": grace,
        "access_log": access_log,
        "log_format": log_format,
        "log_level": log_level,
    }
    settings = serving_settings(config, given=_written(options))
    try:
        if check:
            return _checked(module, settings)
        return _serve_over_pipes(module, settings) if mcp_stdio else _serve(module, settings)
    except ModuleFailed as error:
        sys.stderr.write(error.traceback)
        complain(error)
        return EX_SOFTWARE


def _written(options: dict[str, Any]) -> dict[str, Any]:
    """Give the options that were given as a file would have them, but with paths that start from here."""
    return {
        key: str(value.absolute()).replace("$", "$$") if isinstance(value, Path) else value
        for key, value in options.items()
        if value is not None
    }


def _serve(module: str, settings: ServingSettings) -> int:
    from mm_actions.server.serving.logs import start_log  # noqa: PLC0415 - only this command needs it
    from mm_actions.server.serving.process import serve  # noqa: PLC0415 - uvicorn is an extra
    from mm_actions.server.serving.reload import changes_of  # noqa: PLC0415 - only this command needs it
    from mm_actions.server.serving.supervisor import Supervisor  # noqa: PLC0415 - only this command needs it
    from mm_actions.server.serving.workers import NotServing  # noqa: PLC0415 - only this command needs it

    start_log(settings)

    def announce(served: Served) -> None:
        _announce(served, settings)

    if settings.workers == 1 and not settings.reload:
        serve(module, settings, announce)
    else:
        changes = changes_of(module) if settings.reload else None
        try:
            Supervisor(module, settings, announce, changes).run()
        except NotServing as error:  # the worker has shown its traceback
            complain(error)
            return error.code if error.code == EX_SOFTWARE else EX_CONFIG
    return 0


def _serve_over_pipes(module: str, settings: ServingSettings) -> int:
    from mm_actions.server.mcp.stdio import serve  # noqa: PLC0415 - mcp is an extra
    from mm_actions.server.serving.logs import start_log  # noqa: PLC0415 - only this command needs it

    start_log(settings)
    serve(module, settings)
    return 0


def _checked(module: str, settings: ServingSettings) -> int:
    from mm_actions.server.serving.process import prepare  # noqa: PLC0415 - uvicorn is an extra

    served = prepare(module, settings).served
    print(f"{settings.source}: {_summary(served, settings)}: nothing wrong")  # noqa: T201 - its answer
    return 0


def _announce(served: Served, settings: ServingSettings) -> None:
    if settings.log_format == "json":
        facts = msgspec.to_builtins(served)
        names = ("url", "grpc_url", "actions", "doors", "guards")
        line = document({"served": {name: facts[name] for name in names if facts[name] != ""}})
    else:
        urls = [url for url in (served.url, served.grpc_url) if url]
        line = f"{' and '.join(urls)} serve{'s' if len(urls) == 1 else ''} {_summary(served, settings)}"
    print(line, flush=True)  # noqa: T201 - it is waited for by people and programs
    if served.keys_apart and settings.workers > 1:
        complain(
            f"answers are kept by Idempotency-Key in each of {settings.workers} processes, so that a repeated"
            " call may be carried out again: set --keys FILE"
        )


def _summary(served: Served, settings: ServingSettings) -> str:
    count, names = len(served.actions), ", ".join(served.actions[:MOST_NAMES])
    more = f" and {count - MOST_NAMES} more" if count > MOST_NAMES else ""
    doors: dict[str, list[str]] = {"POST": [], "GET": []}
    for path, methods in served.doors.items():
        if not path.startswith("/ui/"):  # what the page at /ui is made of
            doors["POST" if "POST" in methods else "GET"].append(path)
    parts = [
        f"{count} action{'s' if count > 1 else ''} ({names}{more})",
        *(f"{method} {' '.join(paths)}" for method, paths in doors.items() if paths),
        f"to callers with {' and '.join(served.guards)}" if served.guards else "to any caller",
    ]
    if settings.workers > 1:
        parts.append(f"{settings.workers} workers")
    if settings.reload:
        parts.append("reloaded on changes")
    return printable("; ".join(parts), most=None)
