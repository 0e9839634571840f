"""A preview as a comment on a pull request: first what a reviewer must know, collapsed and last the full diff. Pure.

It always fits: GitHub refuses what is longer. The diff is shortened first, then the commits, then long lists.
"""

from __future__ import annotations

from release.preview import details, marks, sections, sentence
from release.preview.document import Preview
from release.preview.marks import LIMIT, Room

_ROOMS = (
    Room(entries=500),
    Room(entries=60),
    Room(entries=20, code=120, prose=300),
    Room(entries=6, code=60, prose=150),
    Room(entries=3, code=40, prose=80),
)
"""How long the lists are: the first of these with which the page fits."""
_RESERVED = 1500
"""Characters kept for the collapsed parts, so that they can say at least that they were left out."""


def marker(stack: str) -> str:
    """Return the hidden first line by which the comment is found again."""
    return f"<!-- slipway:preview stack={stack} -->"


def page(preview: Preview, limit: int = LIMIT) -> str:
    """Return the page, at most `limit` characters long."""
    summary = ""
    for room in _ROOMS:
        summary = _summary(preview, room)
        if marks.size(summary) <= limit - _RESERVED:
            break
    rest = details.of(preview, limit - marks.size(summary) - 1)
    return "\n\n".join([summary, *rest]) + "\n"


def _summary(preview: Preview, room: Room) -> str:
    in_order = sections.IN_ORDER if preview.previewed.complete else sections.FAILED
    parts = [marker(preview.stack), f"**{preview.stack}:** {sentence.of(preview)}"]
    return "\n\n".join([*parts, *filter(None, (section(preview, room) for section in in_order))])
