"""The pages in docs/previews/, which tests/engine/test_preview.py makes, have the form of those that are made today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from release.preview import markdown, marks
from tests.release.preview import valid

EXAMPLES = Path(__file__).parents[3] / "docs" / "previews"
NAMES = (
    *("nothing", "new-release", "size", "zone-added", "instance-type", "secret", "route-added"),
    *("changed-by-hand", "bucket-renamed", "rolled-back"),
)
HEADINGS = (
    *("Replaced", "Deleted", "Changed", "Created", "Fleets", "Changed in AWS", "Cost", "Policies"),
    *("What `up` will refuse", "Warnings", "Not known"),
)


def test_there_is_one_of_each():
    """No page is left from an example that is not made any more."""
    assert {path.stem for path in EXAMPLES.glob("*.md")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example(name: str):
    """Marker, sentence, known headings in their order, and the full diff last."""
    page = (EXAMPLES / f"{name}.md").read_text(encoding="utf-8")
    lines = page.splitlines()
    assert lines[0] == markdown.marker("sandbox")
    assert re.fullmatch(r"\*\*sandbox:\*\* [A-Z].*\.", lines[2])
    order = [_rank(line) for line in lines if line.startswith("#### ")]
    assert order == sorted(set(order))
    assert page.count("<details>") == page.count("</details>") <= 3
    assert marks.size(page) <= marks.LIMIT
    assert not re.search(r"(?<![\w.])/(tmp|home|root|work)/", page)
    valid.check(page)


def _rank(line: str) -> int:
    title = line.removeprefix("#### ").partition(":")[0]
    return next(index for index, name in reversed(list(enumerate(HEADINGS))) if title.startswith(name))
