from __future__ import annotations

import json
import re
from contextlib import ExitStack

import pytest
from benchmarks.__main__ import main
from benchmarks.clients import action, blocking_clients
from benchmarks.clients.floor import body_of, floor
from benchmarks.families import FAMILIES
from benchmarks.far_end import ANSWER, answering
from benchmarks.options import Options

from benchmarks import turns
from mm_actions import close_endpoints

TINY = Options(rounds=1, share=0.001)
# The others take seconds to start their servers or their fresh processes.
QUICK_FAMILIES = ["calls", "stages", "sizes", "history", "several", "rules", "guards", "steady"]


@pytest.mark.parametrize("family", QUICK_FAMILIES)
def test_a_family_measures_every_candidate_of_its_tables(family):
    tables = FAMILIES[family].run(TINY)

    assert tables
    for table in tables:
        assert table.figures
        for figures in table.figures.values():
            assert figures
            assert all(len(samples) == 1 for samples in figures.values())
        for target in table.targets:
            table.ratio(target)


def test_every_family_says_what_it_measures():
    assert all(family.__doc__ for family in FAMILIES.values())


def test_the_command_writes_json_plots_and_a_page_that_says_on_what_it_ran(tmp_path, capsys):
    page = tmp_path / "docs" / "performance.md"
    page.parent.mkdir()
    arguments = ["rules", "--rounds", "1", "--share", "0.001", "--out", str(tmp_path / "out")]

    assert main([*arguments, "--report", str(page)]) in {
        0,
        1,
    }  # whether a target is reached is no matter here

    assert "Rule choice" in capsys.readouterr().out
    run = json.loads((tmp_path / "out" / "rules.json").read_text())
    assert run["machine"]["cores"]
    text = page.read_text()
    for needed in ("What it ran on", "processor", "What this does not show", "1,000 rules, cpu_us"):
        assert needed in text
    for link in re.findall(r"!\[\w+\]\((.+)\)", text):
        assert (page.parent / link).read_text().startswith("<svg")
    assert str(tmp_path) not in text


def test_every_client_merges_the_answer_and_the_far_end_counts_connections():
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        for client in blocking_clients(end, TINY, stack):
            ((request, responder),) = client.work(1)
            assert client.call(request, responder), client.name
            assert responder.frame["order"] == ANSWER["frame"]["order"], client.name
            assert [each["name"] for each in responder.directives] == ["reply", "listen"], client.name
        assert end.accepted() == 6, "one of each client, and the question's"


def test_mutual_tls_is_what_the_clients_of_that_name_use():
    with answering("mTLS") as end:
        request = turns.request()
        assert action(end).invoke(request, turns.responder(request))
        anonymous = action(end, public_key=None, private_key=None)
        anonymous.raise_on_failure = False
        assert not anonymous.invoke(request, turns.responder(request))
        close_endpoints()


@pytest.mark.parametrize(
    ("turn", "least", "most"),
    [({}, 1_800, 2_200), ({"size": 20_000}, 18_000, 22_000), ({"turns": 100}, 70_000, 95_000)],
)
def test_a_turn_has_the_size_that_its_table_names(turn, least, most):
    assert least < len(body_of(**turn)) < most


def test_the_raw_socket_waits_for_each_answer():
    with answering(delay=0.005) as end, floor(end, connections=3) as load:
        assert all(seconds >= 0.005 for seconds in load.waves(2))
