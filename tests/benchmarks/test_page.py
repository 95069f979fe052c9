from __future__ import annotations

from pathlib import Path

from benchmarks.families import FAMILIES, stages
from benchmarks.families.stages import ALONE, AROUND, ENGINE, TRANSPORT
from benchmarks.measure import Table, Target
from benchmarks.misses import NOTES
from benchmarks.options import Options
from benchmarks.page import as_page

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
TITLE, FIGURE = NOTES[0].figures[0]
HEADING = "## Where a figure is missed"


def page(*tables):
    return as_page(FAMILIES, {"calls": tables}, {"cores": "2"}, rounds=1, pictures={"calls": "calls.svg"})


def calls(title, most):
    ours, _, reference = FIGURE.removesuffix(", p50_us").partition(" / ")
    return Table(
        title=title,
        figures={reference: {"p50_us": [10.0]}, ours: {"p50_us": [25.0]}},
        targets=[Target(candidate=ours, reference=reference, figure="p50_us", most=most)],
    )


def staged(title):
    return Table(title=title, figures={"raw socket": {"cpu_us": [30.0]}, ENGINE: {"cpu_us": [80.0]}})


def test_a_missed_figure_is_named_with_what_is_known_of_it_and_the_stages_of_the_same_run():
    text = page(calls(TITLE, 1.7), staged(NOTES[0].stages[0]))

    section = text.partition(HEADING)[2].partition("\n## ")[0]
    assert f"**{TITLE}**: {FIGURE}: 2.5 instead of 1.7" in section
    assert NOTES[0].text in section
    assert "raw socket, 30 µs; our engine, 80 µs." in " ".join(section.split())
    others = [note for note in NOTES if note is not NOTES[0]]
    assert not any(note.text in text for note in others)
    assert not any(f"**{title}**: {figure}" in section for title, figure in NOTES[0].figures[1:])


def test_the_stages_are_left_out_where_they_were_not_measured():
    text = page(calls(TITLE, 1.7))

    assert NOTES[0].text in text
    assert NOTES[0].stages[0] not in text


def test_nothing_is_said_of_figures_that_are_reached_or_of_which_nothing_is_known():
    assert HEADING not in page(calls(TITLE, 2.5))
    assert HEADING not in page(calls("Calls that nobody has looked at", 1.7))


def test_each_note_is_about_figures_of_the_page_and_each_figure_has_one_note():
    rows = PAGE.read_text()
    figures = [figure for note in NOTES for figure in note.figures]

    assert all(f"| {title} | {figure} |" in rows for title, figure in figures)
    assert len(set(figures)) == len(figures)


def test_the_stages_have_what_the_notes_name_and_each_costs_more_than_none():
    blocking, asynchronous, at_once = stages.run(Options(rounds=1, share=0.02))

    assert {title for note in NOTES for title in note.stages} <= {
        blocking.title,
        asynchronous.title,
        at_once.title,
    }
    assert {ENGINE, TRANSPORT, AROUND, ALONE} < set(blocking.figures)
    for table in (blocking, asynchronous, at_once):
        assert all(figures["p50_us"][0] > 0 for figures in table.figures.values())
        assert table.median(ALONE, "cpu_us") < table.median(TRANSPORT, "cpu_us")
