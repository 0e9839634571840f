"""Tests of what people see of a report: markdown.py and timeline.py, and what archive.py writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from release.drill import archive, markdown, timeline
from release.drill.report import ENDED, FOUND, Check, Earlier, Finding, Served
from tests.release.drill.reports import AT, report, rpo, rto, step

SVG = "{http://www.w3.org/2000/svg}"


def test_the_page_says_first_whether_it_passed():
    """A manager reads the outcome, the objectives and what to do, before any detail."""
    page = markdown.page(report(), "e" * 64)
    assert page.startswith(
        "# Recovery drill of dr, 2026-05-06\n\n**Passed: the objectives were met, nothing was found.**"
    )
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert headings[:3] == ["Objectives", "Findings", "Timeline"]
    assert {"What served", "Checks", "Hosts contacted", "What was not tested", "Details"} <= set(headings)
    assert "| RTO: time without service | 15 min | 9 min | yes |" in page


def test_the_page_names_findings_with_what_to_do():
    """Each finding has its remedy, and since when it is open if it is not new."""
    finding = Finding(id="check.db", text="the check db failed: no route", fix="run it by hand: psql", since=AT)
    old = Finding(id="objective.rpo", text="RPO is late", fix="replicate", since=AT.replace(month=4))
    page = markdown.page(
        report(
            outcome=FOUND,
            findings=(finding, old),
            measures=(rto(None), rpo(61.0)),
            earlier=(Earlier(id="x", text="was bad", since=AT, state="closed"),),
        ),
        "",
    )
    assert "**Not passed: 2 findings.**" in page
    assert "1. the check db failed: no route. To do: run it by hand: psql." in page
    assert "2. RPO is late. Open since 2026-04-06. To do: replicate." in page
    assert "| unknown | not judged |" in page
    assert "| 61 s | **no** |" in page
    assert "| was bad | 2026-05-06 | closed |" in page


def test_what_strangers_wrote_stays_in_its_cell():
    """A check's output can neither break the table nor smuggle in a link or HTML."""
    said = "a | b\n# c <script> [x](http://example.com) \x1b[31m"
    page = markdown.page(report(checks=(Check(name="db", what="run", outcome="failed", seconds=1, detail=said),)), "")
    [line] = [line for line in page.splitlines() if line.startswith("| db |")]
    assert line == r"| db | run | failed | 1 s | a \| b # c &lt;script&gt; \[x](http://example.com) |"


def test_a_drill_that_brought_up_nothing_has_a_page_too():
    """Ended by hand at once: the page says so, and that it proves nothing."""
    page = markdown.page(
        report(outcome=ENDED, served=Served(), steps=(), checks=(), alarms=(), hosts=(), calls=None), ""
    )
    assert "it proves nothing" in page
    assert "## What served\n\nNothing." in page


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "unknown"),
        (0, "0 s"),
        (0.44, "0.4 s"),
        (3, "3 s"),
        (9.97, "10 s"),
        (119.4, "119 s"),
        (120, "2 min"),
        (365, "6 min 5 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_durations_for_people(seconds: float | None, said: str):
    """Seconds up to two minutes, minutes up to two hours."""
    assert markdown.duration(seconds) == said


def test_the_picture_has_a_bar_for_each_step():
    """It is SVG without script or style sheet, and its bars lie in the picture, in proportion to their durations."""
    root = ElementTree.fromstring(timeline.svg(report()))  # noqa: S314 - our own
    assert not root.findall(f".//{SVG}script")
    bars = [rect for rect in root.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    assert len(bars) == 4
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert widths[1] / widths[3] == pytest.approx(524 / 100, rel=0.02)
    for bar in bars:
        assert float(bar.attrib["x"]) >= timeline.LEFT
        assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= timeline.WIDTH
    said = "".join(root.itertext())
    assert "first answer, 9 min" in said
    assert "objective, 15 min" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": ()},
        {"steps": (step("look", 5, 5),)},
        {"steps": (step("bring up", 0, 400_000),), "measures": (rto(None, None), rpo(None, None))},
        {"measures": (rto(1.0, 600_000), rpo(0.0))},
        {"stack": "<&>", "steps": (step("<b> & c", 0, 9, "failed", "x"),)},
    ],
)
def test_any_report_has_a_picture(changes: dict[str, object]):
    """No steps, none that took time, a week, an objective far away, and text that is no XML."""
    root = ElementTree.fromstring(timeline.svg(report(**changes)))  # noqa: S314 - our own
    assert len(list(root.iter(f"{SVG}line"))) < 40


def test_a_report_is_written_to_a_folder(tmp_path: Path):
    """Three files; the page quotes the digest that the JSON has."""
    folder = archive.save(report(), tmp_path)
    assert folder == tmp_path / "dr" / "20260506T030005Z"
    digest = json.loads((folder / "report.json").read_text())["sha256"]
    assert digest in (folder / "report.md").read_text()
    assert (folder / "timeline.svg").read_text().startswith("<svg")
