"""Which settings a command uses: its options, a file, the environment, or the actions.yaml that is here."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_actions.application.app_config import CONFIG_FILE, CONFIG_NAME, declared_config
from mm_actions.cli.failure import UsageProblem
from mm_actions.config import Config, ServerSettings, load_config, with_environment
from mm_actions.errors import ConfigurationError, CustomActionException

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mm_actions.config import ConfigSource


def config_at(path: Path | None) -> Config:
    """Read settings from a file or an application's folder; from the environment and here without a path.

    Raises:
        ConfigurationError: There are none, or they cannot work.
    """
    if path is not None:
        return load_config(_declared_in(path) if path.is_dir() else path)
    here = Path(CONFIG_FILE)
    config = with_environment(here if here.is_file() else None)
    if config is None:
        raise ConfigurationError(
            f"no server is given: pass --url or --config, set MM_ACTIONS_URL, or write {CONFIG_FILE} here"
        )
    return config


def _declared_in(folder: Path) -> ConfigSource:
    try:
        declared = declared_config(folder)
    except CustomActionException:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"{folder / 'config.py'} cannot be run: {type(error).__name__}: {error}"
        ) from error
    if declared is None:
        raise ConfigurationError(f"{folder} has neither {CONFIG_FILE} nor a config.py with {CONFIG_NAME}")
    return declared


def config_for(action: str, *, url: str | None, path: Path | None, options: Mapping[str, Any]) -> Config:
    """Give the settings for one action: those of its server, with the command's options before them.

    Args:
        action: The action's name.
        url: A server's url; then nothing but the options is read.
        path: As for :func:`config_at`.
        options: Settings by their key in actions.yaml; ``${NAME}`` in them is looked up, as in the file.

    Raises:
        ConfigurationError: As :func:`config_at`.
        UsageProblem: Both a url and a path are given.
    """
    if url is not None:
        if path is not None:
            raise UsageProblem("--url and --config are two answers to one question: give one of them")
        return load_config({"url": url, **options})
    config = config_at(path)
    if not options:
        return config
    name, settings = config.server_of(action)
    changed = load_config({**_as_written(settings), **options}).servers["default"]
    if "headers" in options:
        changed = replace(changed, headers=_united(settings.headers, changed.headers))
    return replace(config, servers={**config.servers, name: changed})


def _as_written(settings: ServerSettings) -> dict[str, Any]:
    """Give settings as a file would have them, so that reading them again changes nothing."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    values["headers"] = dict(settings.headers)
    return {
        key: value.replace("$", "$$") if isinstance(value, str) and key != "engine" else value
        for key, value in values.items()
    }


def _united(
    before: Sequence[tuple[str, str]], given: Sequence[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Give all headers; one that the command names again has its value alone."""
    names = {name.lower() for name, _ in given}
    return (*(pair for pair in before if pair[0].lower() not in names), *given)


def given_options(values: Mapping[str, Any], *, headers: Sequence[str], bearer: str | None) -> dict[str, Any]:
    """Collect the options that were given, by their key in actions.yaml.

    Args:
        values: Options by key; None for one that was not given.
        headers: As ``Name: value``.
        bearer: A token.

    Raises:
        UsageProblem: A header has no colon.
    """
    options = {key: value for key, value in values.items() if value is not None}
    if headers:
        options["headers"] = dict(_header(header) for header in headers)
    if bearer is not None:
        options["auth"] = {"bearer": bearer}
    return options


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageProblem("a --header has no colon: write --header 'X-Tenant: acme'")
    return name.strip(), value.strip()
