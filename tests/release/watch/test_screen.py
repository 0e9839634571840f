"""Tests of release/watch/screen.py: what a terminal of some size gets to see."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from release.watch.screen import Screen
from release.watch.seen import Seen
from tests.release.preview.test_facts import DEPLOY
from tests.release.watch.views import fleet, member, rolling, seen


def drawn(found: Seen | None, width: int = 120, height: int = 24, trouble: str = "") -> list[str]:
    """The lines of the screen, without colours."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, color_system=None, legacy_windows=False)
    console.print(Screen(stack="prod", age=lambda: 3.0, seen=found, trouble=trouble), end="")
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_it_shows_fleets_instances_and_events():
    """The head says that all serve; below it a table each."""
    lines = drawn(seen())
    assert lines[0] == "prod in eu-west-1  03:04:05 UTC, 3 s ago  all serve   q leaves"
    assert lines[2].split()[:5] == ["web", "aaaaaaaaaaaa", "3", "of", "3"]
    assert [line.split()[0] for line in lines if line.startswith("i-")] == ["i-0", "i-1", "i-2"]
    assert lines[-1].split()[2:6] == ["web", "deploy", "aaaaaaaaaaaa", "succeeded"]


def test_what_does_not_serve_comes_first():
    """On a screen that has no room for all, what needs a look is what is shown, and how many are not."""
    many = [member(number) for number in range(40)]
    lines = drawn(seen(fleet(*many, member(99, target="unhealthy: Health checks failed"), desired=41)))
    instances = [line for line in lines if line.startswith("i-")]
    assert instances[0].startswith("i-99")
    assert f"and {41 - len(instances)} more" in lines
    assert "not all is calm" in lines[0]


@pytest.mark.parametrize("size", [(120, 24), (80, 14), (60, 10), (20, 5)])
def test_it_fits(size: tuple[int, int]):
    """Whatever the size: nothing is wrapped, and nothing is below the last line that a terminal could show."""
    width, height = size
    lines = drawn(seen(*(fleet(name=f"fleet-{n}") for n in range(9)), events=(DEPLOY,) * 8), width, height)
    assert max(map(len, lines)) <= width
    assert len(lines) <= max(height, 12)


def test_marks_troubles_and_a_rollout():
    """What must not be overlooked is above the tables; what was seen stays while AWS does not answer."""
    found = seen(fleet(rolling=rolling()), marks=("frozen by kim until 18:00: sale",), unknown=("requests: denied",))
    lines = drawn(found, 160, trouble="AWS could not be asked: no route")
    assert lines[1:4] == [
        "frozen by kim until 18:00: sale",
        "AWS could not be asked: no route",
        "requests: denied",
    ]
    assert "InProgress 33%, to bbbbbbbbbbbb, pauses at 50%, about 2 min left" in "\n".join(lines)


def test_what_strangers_wrote_steers_nothing():
    """Neither an escape sequence nor rich's own markup in a ledger's reason does anything."""
    event = replace(DEPLOY, outcome="failed", reason="\x1b[2J[bold red]no[/] database\n")
    last = drawn(seen(events=(event,)), 160)[-1]
    assert last.endswith("[bold red]no[/] database")


def test_before_the_first_look():
    """It says that it looks."""
    assert drawn(None) == ["prod   q leaves", "looking …"]
