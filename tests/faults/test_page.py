"""docs/reliability.md says what the rows say, and the defaults that the code has."""

import pytest
from tools import fault_table

from faults.table import GROUPS, ROWS
from mm_actions import ServerSettings
from mm_actions.resilience import ResilienceSettings
from mm_actions.transports.http.engine import EngineOptions


def test_the_table_of_the_page_is_that_of_the_tests(capsys):
    assert fault_table.main(["--check"]) == 0, capsys.readouterr().err


def test_every_row_is_in_the_table_once():
    lines = [line for line in fault_table.table().splitlines() if line.startswith("| ")]
    ids = [line.split(" | ")[0].strip("| ") for line in lines]
    assert sorted(line for line in ids if line in ROWS) == sorted(ROWS)
    assert {row_id[0] for row_id in ROWS} <= set(GROUPS)


def test_a_page_that_is_out_of_date_is_noticed(monkeypatch, tmp_path, capsys):
    old = tmp_path / "old.md"
    old.write_text(f"# Page\n\n{fault_table.BEGIN}\n\nold\n{fault_table.END}\n\nmore\n", encoding="utf-8")
    monkeypatch.setattr(fault_table, "TARGET", old)
    assert fault_table.main(["--check"]) == 1
    assert "python -m tools.fault_table" in capsys.readouterr().err
    assert fault_table.main([]) == 0
    assert fault_table.main(["--check"]) == 0
    assert old.read_text(encoding="utf-8").endswith(f"{fault_table.END}\n\nmore\n")


def test_a_page_without_marks_is_an_error():
    with pytest.raises(ValueError, match="has no line"):
        fault_table.page("# Page\n")


def test_the_figures_of_the_page_are_the_defaults():
    figures, server, engine = (
        ResilienceSettings(),
        ServerSettings(url="http://localhost/action"),
        EngineOptions(),
    )
    text = (
        fault_table.TARGET.read_text(encoding="utf-8")
        .partition("## Default figures")[2]
        .partition("\n## ")[0]
    )
    retry, budget, breaker, bulkhead = figures.retry, figures.budget, figures.breaker, figures.bulkhead
    for said in (
        f"{server.timeout:g} s for a whole turn",
        f"{server.connect_timeout:g} s to connect",
        f"{server.retries} retry",
        f"{retry.base * 1000:g} ms to {retry.cap:g} s",
        f"{budget.ratio:.0%} of the calls of the last {budget.window:g} s, and {budget.reserve}",
        f"{breaker.failures} failures in a row",
        f"under {breaker.success_ratio:.0%} success among at least {breaker.calls} calls",
        f"calls in {breaker.window:g} s",
        f"{breaker.open_for:g} s, doubling to {breaker.open_at_most:g} s",
        f"{bulkhead.limit} in flight, {bulkhead.queue} queued",
        f"{server.max_response_bytes >> 20} MiB",
        f"{engine.max_header_bytes >> 10} KiB of header lines",
        f"{engine.idle_timeout:g} s",
    ):
        assert said.replace("%", " %") in text or said in text, said
