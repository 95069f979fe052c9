"""Writes docs/actions.schema.json, which editors use on actions.yaml, from the readers of the settings.

    python -m tools.config_schema           write it
    python -m tools.config_schema --check   fail if it is not what would be written

A schema cannot see everything: whether a named server exists, a variable is set or a key fits its
certificate, only the program itself can tell.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from mm_actions.config import ServerSettings, in_process, mcp, rasa, server
from mm_actions.config.address import read_url
from mm_actions.config.checking import _NO, _YES, Place
from mm_actions.config.secret import read_secret
from mm_actions.dialects.mcp.sources import NAMED

TARGET = Path(__file__).parents[1] / "docs" / "actions.schema.json"
Schema = dict[str, Any]

_VARIABLE = r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"
_NUMBER = r"^\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"


def any_case(words: tuple[str, ...]) -> str:
    """Write a pattern for words in any case, without a flag, which patterns of JSON Schema do not have."""
    letters = [
        [f"[{mark.lower()}{mark.upper()}]" if mark.isalpha() else re.escape(mark) for mark in word]
        for word in words
    ]
    return "|".join("".join(word) for word in letters)


def ref(name: str) -> Schema:
    """Refer to a definition."""
    return {"$ref": f"#/definitions/{name}"}


def group(members: dict[str, Schema], **more: Any) -> Schema:
    """Describe a group that has these keys and no others."""
    return {"type": "object", "properties": members, "additionalProperties": False, **more}


def _resilience() -> Schema:
    return group(
        {
            name: group(
                {
                    each.name: ref("count" if each.type == "int" else "number")
                    for each in fields(policy)
                    if (name, each.name) != ("retry", "retries")
                }
            )
            for name, policy in server._POLICIES.items()  # noqa: SLF001 - the schema is that table, written otherwise
        }
    )


DEFINITIONS: dict[str, Schema] = {
    "variable": {"type": "string", "pattern": _VARIABLE, "description": "A value of the environment."},
    "text": {"type": "string", "minLength": 1, "not": {"pattern": "[\\r\\n\\u0000]"}},
    "number": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _NUMBER}, ref("variable")]},
    "seconds": {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": _NUMBER},
            ref("variable"),
        ]
    },
    "count": {
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": r"^\s*\+?[0-9]+\s*$"},
            ref("variable"),
        ]
    },
    "retries": {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": server.MOST_RETRIES},
            {"type": "string", "pattern": r"^\s*\+?[0-9]+\s*$"},
            ref("variable"),
        ]
    },
    "size": {
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": r"^\s*\+?0*[1-9][0-9]*\s*$"},
            ref("variable"),
        ]
    },
    "boolean": {
        "anyOf": [
            {"type": "boolean"},
            {"type": "string", "pattern": f"^({any_case((*_YES, *_NO))})$"},
            ref("variable"),
        ]
    },
    "url": {
        "anyOf": [
            {
                "type": "string",
                "pattern": r"^([rR][aA][sS][aA]\+|[mM][cC][pP]\+)?[hH][tT][tT][pP][sS]?://[^\s/?#@]+([/?#]\S*)?$",
            },
            {"type": "string", "pattern": r"^[gG][rR][pP][cC][sS]?://[^\s/?#@]+([/?#]\S*)?$"},
            {"type": "string", "pattern": r"^[pP][yY][tT][hH][oO][nN]:[A-Za-z_][\w.]*(:\w+)?$"},
            {"type": "string", "pattern": r"^[mM][cC][pP]\+[sS][tT][dD][iI][oO]:.*\S.*$"},
            ref("variable"),
        ]
    },
    "headers": {
        "type": "object",
        "propertyNames": {
            "pattern": "^[A-Za-z0-9" + re.escape(server._TOKEN) + "]+$",  # noqa: SLF001 - likewise
            "not": {"pattern": f"^({any_case(server._RESERVED)})$"},  # noqa: SLF001 - likewise
        },
        "additionalProperties": ref("text"),
    },
    "auth": group(
        {
            "bearer": ref("text"),
            "hmac": ref("text"),
            "basic": group(
                {"username": ref("text"), "password": ref("text")}, required=["username", "password"]
            ),
        },
        minProperties=1,
        maxProperties=1,
    ),
    "idempotent": {"anyOf": [ref("boolean"), {"type": "array", "items": ref("text")}]},
    "history": {"anyOf": [{"enum": ["all", "none"]}, ref("count")]},
    "engine": {"enum": list(server.ENGINES)},
    "resilience": _resilience(),
    "parts": {"anyOf": [{"enum": list(rasa.PARTS)}, {"type": "array", "items": {"enum": list(rasa.PARTS)}}]},
    "parts_of_actions": {"type": "object", "additionalProperties": ref("parts")},
    "texts": {"type": "object", "additionalProperties": ref("text")},
    "sources": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "pattern": f"^(text|({'|'.join(NAMED)}):.+)$"},
                    group({"value": {}}, required=["value"]),
                    ref("variable"),
                ]
            },
        },
    },
    "pointers": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": {"anyOf": [{"type": "string", "pattern": "^(/.*)?$"}, ref("variable")]},
        },
    },
    "protocol": {"anyOf": [{"enum": list(mcp.PROTOCOLS)}, ref("variable")]},
    "query": {"type": "object", "additionalProperties": {"anyOf": [ref("text"), {"type": "number"}]}},
}

# What each reader of mm_actions.config.server takes; a reader that is not here stops the generator.
_OF_READER: dict[Any, str] = {
    read_url: "url",
    read_secret: "text",
    rasa.rasa_settings: "rasa",
    rasa._send: "parts",  # noqa: SLF001 - the readers, by identity
    rasa._actions: "parts_of_actions",  # noqa: SLF001 - the readers, by identity
    rasa._params: "query",  # noqa: SLF001 - the readers, by identity
    mcp.mcp_settings: "mcp",
    mcp._tools: "texts",  # noqa: SLF001 - the readers, by identity
    mcp._arguments: "sources",  # noqa: SLF001 - the readers, by identity
    mcp._slots: "pointers",  # noqa: SLF001 - the readers, by identity
    mcp._protocol: "protocol",  # noqa: SLF001 - the readers, by identity
    mcp._env: "texts",  # noqa: SLF001 - the readers, by identity
    in_process.python_settings: "python",
    server._headers: "headers",  # noqa: SLF001 - the readers, by identity
    server._auth: "auth",  # noqa: SLF001 - the readers, by identity
    server._history: "history",  # noqa: SLF001 - the readers, by identity
    server._idempotent: "idempotent",  # noqa: SLF001 - the readers, by identity
    server._engine: "engine",  # noqa: SLF001 - the readers, by identity
    server._resilience: "resilience",  # noqa: SLF001 - the readers, by identity
    Place.file: "text",
    Place.text: "text",
    Place.boolean: "boolean",
    Place.seconds: "seconds",
    Place.count: "count",
}
_OF_KEY = {"max_response_bytes": "size", "retries": "retries"}


def descriptions(settings: type) -> dict[str, str]:
    """Read the Attributes of a class of settings."""
    section = (inspect.getdoc(settings) or "").partition("Attributes:")[2]
    text = re.sub(r"\n {8,}", " ", section).replace("``", "")
    return {name: meaning.strip() for name, meaning in re.findall(r"^ +(\w+): (.+)$", text, re.MULTILINE)}


def _keys(settings: type, readers: dict[str, Any]) -> dict[str, Schema]:
    """Give the schema of each key of a class of settings; null counts as absent."""
    described, keys = descriptions(settings), {}
    for each in fields(settings):
        reader = readers[each.name]
        kind = _OF_KEY.get(each.name) or _OF_READER.get(reader)
        if kind is None:
            raise SystemExit(f"tools/config_schema.py does not know what {each.name} may be: add its reader")
        schema: Schema = {"description": described[each.name], "anyOf": [ref(kind), {"type": "null"}]}
        if each.default is not MISSING and each.default not in (None, ()):
            schema["default"] = each.default
        keys[each.name] = schema
    return keys


DEFINITIONS.update(
    {
        name: group(_keys(settings, module._READERS))  # noqa: SLF001 - likewise
        for name, settings, module in (
            ("rasa", rasa.RasaSettings, rasa),
            ("mcp", mcp.McpSettings, mcp),
            ("python", in_process.PythonSettings, in_process),
        )
    }
)


def _pairs() -> list[Schema]:
    """Give the rules between keys that hold where a group has a url of its own."""

    def given(key: str) -> Schema:
        return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}

    unverified = {"required": ["verify"], "properties": {"verify": {"enum": [False]}}}
    admitted = {"required": ["insecure_dev"], "properties": {"insecure_dev": {"not": {"enum": [False]}}}}
    return [
        {"if": given("private_key"), "then": given("public_key")},
        {"if": given("private_key_password"), "then": given("public_key")},
        {"if": unverified, "then": admitted},
    ]


def schema() -> Schema:
    """Build the schema."""
    keys = _keys(ServerSettings, server._READERS)  # noqa: SLF001 - likewise
    one_server = group({**keys, "url": {**keys["url"], "anyOf": [ref("url")]}}, required=["url"])
    has_url: Schema = {"required": ["url"], "properties": {"url": {"type": "string", "minLength": 1}}}
    has_servers: Schema = {
        "required": ["servers"],
        "properties": {"servers": {"type": "object", "minProperties": 1}},
    }
    own: dict[str, Schema] = {
        "servers": {
            "description": "Servers by name; what one does not say itself, it takes from the keys above.",
            "type": ["object", "null"],
            "additionalProperties": one_server,
        },
        "actions": {
            "description": "The name of the server by the name of the action.",
            "type": ["object", "null"],
            "additionalProperties": ref("text"),
        },
        "default": {
            "description": "The server of the actions that are not listed.",
            "anyOf": [ref("text"), {"type": "null"}],
        },
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "actions.yaml of mm_actions",
        "description": "Servers of actions. ${NAME} and ${NAME:-default} in values are variables.",
        **group({**keys, **own}),
        "anyOf": [has_url, has_servers],
        "if": has_url,
        "then": {
            "allOf": _pairs(),
            "properties": {"servers": {"not": {"type": "object", "required": ["default"]}}},
        },
        "definitions": DEFINITIONS,
    }


def main(arguments: list[str]) -> int:
    """Write the schema, or check it."""
    return written(schema(), TARGET, "tools.config_schema", check=arguments == ["--check"])


def written(schema: Schema, target: Path, program: str, *, check: bool) -> int:
    """Write a schema to its file, or tell whether that is what stands there.

    Returns:
        The exit code.
    """
    text = json.dumps(schema, indent=2) + "\n"
    if not check:
        target.write_text(text, encoding="utf-8")
        return 0
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return 0
    print(  # noqa: T201 - for the person who runs it
        f"{target.name} is not what the settings say: run python -m {program}", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
