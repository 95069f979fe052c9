"""Writes docs/serve.schema.json, for editors of serve.yaml, from the code that reads the settings.

python -m tools.config_schema_serving           write it
python -m tools.config_schema_serving --check   fail if it is not what would be written
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields
from pathlib import Path

from mm_actions.server import ServerOptions
from mm_actions.server.options import lowest_of
from mm_actions.server.serving import settings
from tools.config_schema import DEFINITIONS, Schema, any_case, descriptions, group, ref, written

TARGET = Path(__file__).parents[1] / "docs" / "serve.schema.json"
_SECRETS: Schema = {
    "anyOf": [
        ref("text"),
        {"type": "array", "items": ref("text")},
        {"type": "object", "additionalProperties": ref("text")},
    ]
}
_AUTH: dict[str, Schema] = {
    "bearer": _SECRETS,
    "bearer_file": ref("text"),
    "hmac": _SECRETS,
    "hmac_file": ref("text"),
    "basic": {"type": "object", "additionalProperties": ref("text")},
}
_PATHS: Schema = {"anyOf": [{"type": "array", "items": {"type": "string", "pattern": "^/"}}, ref("text")]}
_DESCRIBED = {
    "auth": "Who may call: a token, a list or named ones of them; in a file, one stands on each line.",
    "grpc": "Whether Rasa assistants are served over gRPC, at `grpc_port`, or else at 5055.",
    "tls_key_password_file": "File that holds the password of an encrypted key.",
}


def _number(least: float, most: int | None = None, *, whole: bool) -> Schema:
    bounds = {"minimum": least, **({} if most is None else {"maximum": most})}
    pattern = r"^\s*\+?[0-9]+\s*$" if whole else DEFINITIONS["seconds"]["anyOf"][1]["pattern"]
    return {
        "anyOf": [
            {"type": "integer" if whole else "number", **bounds},
            {"type": "string", "pattern": pattern},
            ref("variable"),
        ]
    }


def _word(words: tuple[str, ...]) -> Schema:
    return {"anyOf": [{"type": "string", "pattern": f"^({any_case(words)})$"}, ref("variable")]}


_OF_READER: dict[str, Schema] = {
    "port": _number(0, 65_535, whole=True),
    "http": ref("boolean"),
    "grpc": ref("boolean"),
    "grpc_port": _number(0, 65_535, whole=True),
    "workers": _number(1, settings.MOST_WORKERS, whole=True),
    "auth": group({name: {"anyOf": [kind, {"type": "null"}]} for name, kind in _AUTH.items()}),
    "reload": ref("boolean"),
    "access_log": ref("boolean"),
    "log_format": _word(settings.FORMATS),
    "log_level": _word(settings.LEVELS),
}


def _of_option(name: str, kind: str) -> Schema:
    if kind.startswith("tuple"):
        return _PATHS
    if kind.startswith("bool"):
        return ref("boolean")
    return _number(lowest_of(name), whole=kind == "int")


def schema() -> Schema:
    """Build the schema."""
    described = {
        **descriptions(ServerOptions),
        **descriptions(settings.ServingSettings),
        **_DESCRIBED,
    }
    kinds = {name: _OF_READER.get(name, ref("text")) for name in settings.READERS}
    kinds |= {
        option.name: _of_option(option.name, str(option.type))
        for option in fields(ServerOptions)
        if option.name in settings.OPTIONS
    }
    defaults = {
        each.name: each.default
        for each in (*fields(ServerOptions), *fields(settings.ServingSettings))
        if each.default is not MISSING and each.default not in (None, ())
    }
    members: dict[str, Schema] = {}
    for name, kind in kinds.items():
        members[name] = {"description": described[name], "anyOf": [kind, {"type": "null"}]}
        if name in defaults:
            default = defaults[name]
            members[name]["default"] = list(default) if isinstance(default, tuple) else default
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "serve.yaml of mm_actions",
        "description": "How mm-actions serve runs. ${NAME} and ${NAME:-default} in values are variables.",
        **group(members),
        "definitions": {name: DEFINITIONS[name] for name in ("variable", "text", "boolean")},
    }


def main(arguments: list[str]) -> int:
    """Write the schema, or check it."""
    return written(schema(), TARGET, "tools.config_schema_serving", check=arguments == ["--check"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
