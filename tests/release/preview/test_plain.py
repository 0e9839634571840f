"""Tests of release/preview/plain.py."""

from __future__ import annotations

from release.preview import plain
from release.preview.facts import Between, Facts, Log, ReleaseFacts
from tests.release.preview.builders import NEW, OLD, facts, preview, rolled

NONE = Log(count=0, lines=())


def test_what_a_person_at_a_terminal_reads_of_a_release():
    """From which release to which, how, whether it could be recovered, and where a rollback goes; nothing is marked."""
    known = Facts(
        fleets=(facts("web"),),
        releases=(ReleaseFacts(sha=NEW, published=True, recoverable=False, why="its artifact is `not` there *yet*"),),
        between=(Between(old=OLD, new=NEW, added=Log(count=2, lines=("x", "y")), removed=NONE),),
        rollback=OLD,
    )
    assert plain.page(preview(rolled("web"), facts=known)).splitlines()[1:4] == [
        "  fleet web: aaaaaaa → bbbbbbb, 3 replaced in 3 steps; takes about 14 min (by 5 rollouts)",
        "  release bbbbbbb: published, not recoverable from the replica: its artifact is `not` there *yet*; "
        "2 commits since aaaaaaa",
        "  python -m release rollback would then go to aaaaaaa",
    ]


def test_what_is_not_published_is_said():
    """`up` publishes it."""
    known = Facts(fleets=(facts("web"),), releases=(ReleaseFacts(sha=NEW, published=False),))
    assert "  release bbbbbbb: not published yet, up does that\n" in plain.page(preview(rolled("web"), facts=known))
