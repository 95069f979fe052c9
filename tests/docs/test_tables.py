"""The tables of the pages say what the code says."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.docs.pages import ROOT, blocks_of, code_spans, codes_in, prose_of, table_after

from mm_actions import Config, ConfigurationError, ServerSettings, errors, load_config
from mm_actions.application import rules
from mm_actions.client.result import ActionResult
from mm_actions.config import endpoints, with_environment
from mm_actions.config.address import SAMPLES
from mm_actions.config.in_process import PythonSettings
from mm_actions.config.mcp import McpSettings
from mm_actions.config.rasa import RasaSettings
from mm_actions.contract.status import TABLE, row_of
from mm_actions.errors import BadStatus, InvocationError
from mm_actions.resilience import ResilienceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = ROOT / "docs" / "configuration.md"
GUIDE = ROOT / "docs" / "guide.md"
URL = "http://localhost:8080/action"


def below(kind: type[InvocationError]) -> Iterator[type[InvocationError]]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def documented_default(cell: str) -> object:
    codes = codes_in(cell)
    return yaml.safe_load(codes[0]) if codes else cell or None


def test_the_keys_of_a_server_are_its_settings_with_their_defaults() -> None:
    written = {
        codes_in(key)[0]: documented_default(default)
        for key, _, default, _ in table_after(CONFIGURATION, "### Of a server")
    }
    real = {each.name: each.default for each in fields(ServerSettings)}
    special = {"url": (MISSING, "required"), "history": (None, "all"), "headers": ((), None)}
    for name, (default, words) in special.items():
        assert (real.pop(name), written.pop(name)) == (default, words)
    assert real.pop("resilience") is MISSING  # made anew for each; its figures have a table of their own
    assert written.pop("resilience") is None
    assert written == real


@pytest.mark.parametrize(
    ("heading", "settings"),
    [("### Rasa", RasaSettings), ("### MCP", McpSettings), ("### Python", PythonSettings)],
)
def test_the_keys_of_a_group_are_its_settings_with_their_defaults(heading: str, settings: type) -> None:
    rows = table_after(CONFIGURATION, heading)
    written = {codes_in(key)[0]: documented_default(default) for key, _, default, _ in rows}
    real = {each.name: each.default for each in fields(settings)}
    assert {name: None if default == () else default for name, default in real.items()} == {
        name: real[name] if default == "all three" else default for name, default in written.items()
    }


def test_the_schemes_are_those_that_a_url_may_have() -> None:
    rows = table_after(CONFIGURATION, "## Schemes")
    written = {span.partition(":")[0] for row in rows for span in codes_in(row[0])}
    assert written == set(SAMPLES)


def test_the_keys_of_rasas_section_are_those_that_are_read() -> None:
    rows = table_after(CONFIGURATION, "## Rasa's endpoints.yml")
    assert {key for row in rows for key in codes_in(row[0])} == set(endpoints.KEYS)


def test_the_keys_of_the_whole_are_the_other_members_of_a_config() -> None:
    written = {codes_in(row[0])[0] for row in table_after(CONFIGURATION, "### Of the whole")}
    assert written == {each.name for each in fields(Config)} - {"timeout", "source"}


def test_the_figures_of_resilience_are_the_defaults() -> None:
    written = {
        codes_in(key)[0]: documented_default(default)
        for key, default, _ in table_after(CONFIGURATION, "## Resilience")
    }
    defaults = ResilienceSettings()
    real = {
        f"{group.name}.{figure.name}": getattr(getattr(defaults, group.name), figure.name)
        for group in fields(ResilienceSettings)
        for figure in fields(getattr(defaults, group.name))
    }
    assert real.pop("retry.retries") == ServerSettings(url=URL).retries  # the key `retries` sets it
    assert written == real


@pytest.mark.parametrize("key", [codes_in(row[0])[0] for row in table_after(CONFIGURATION, "## Resilience")])
def test_every_figure_of_resilience_can_be_set(key: str) -> None:
    group, figure = key.split(".")
    settings = load_config({"url": URL, "resilience": {group: {figure: 1}}}).servers["default"]
    assert getattr(getattr(settings.resilience, group), figure) == 1


def test_every_block_of_variables_makes_settings() -> None:
    blocks = [block for block in blocks_of(CONFIGURATION) if block.language == "ini"]
    assert blocks
    for block in blocks:
        variables = dict(line.split("=", 1) for line in block.text.splitlines())
        assert with_environment(None, environ=variables)


def test_the_headers_that_cannot_be_set_are_refused() -> None:
    _, _, sentence = prose_of(CONFIGURATION).partition("cannot be set in `headers`:")
    names = codes_in(sentence)
    assert len(names) == 7
    for name in names:
        with pytest.raises(ConfigurationError, match=name):
            load_config({"url": URL, "headers": {name: "x"}})


def test_the_guide_lists_every_error_of_a_call_with_its_kind_status_and_exit_code() -> None:
    written = {
        codes_in(name)[0]: (codes_in(kind)[0], status, int(code))
        for kind, name, _, status, code in table_after(GUIDE, "## Errors")
    }
    statuses = {
        row.error: ", ".join(map(str, sorted(row.statuses)))
        for row in TABLE
        if issubclass(row.error, BadStatus)
    }
    real = {
        each.__name__: (each.kind, statuses.get(each, ""), row_of(each("")).exit_code)
        for each in below(InvocationError)
        if each.__module__ == errors.__name__
    }
    assert written == real


def test_the_guide_lists_every_attribute_of_a_result() -> None:
    written = {code for row in table_after(GUIDE, "## Results") for code in codes_in(row[0])}
    assert written == set(ActionResult.__struct_fields__) | {"kind"}


def test_the_guide_lists_every_condition_of_a_rule() -> None:
    written = {code.partition("=")[0] for row in table_after(GUIDE, "## Rules") for code in codes_in(row[0])}
    assert written == set(rules.CONDITIONS)


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md", "docs/migration-from-mindmeld.md"])
def test_every_name_of_an_error_in_the_text_is_one(page: str) -> None:
    spans = {span for span in code_spans(ROOT / page) if span.endswith(("Error", "Exception", "Failed"))}
    known = {*vars(errors), "DialogueStateException", "TypeError", "AssertionError", "ValueError"}
    assert spans <= known
