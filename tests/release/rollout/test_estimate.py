"""Tests of release/rollout/estimate.py: how long a rollout takes yet, by the last ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from release.rollout.estimate import ACTIVATION, Took, left, roughly, took, waited
from release.rollout.live import ACTIVATED
from tests.release.preview.test_facts import A, B, C, past


def test_how_long_rollouts_took():
    """The median of the last five; neither what failed, nor a rollback, nor that the fleet was made, is one."""
    made = (A, "succeeded", "1", 999.0)
    rolled = [each for n in range(2, 9) for each in ((B, "started", str(n), None), (B, "succeeded", str(n), n * 10.0))]
    failed = [(C, "started", "9", None), (C, "failed", "9", 500.0)]
    found = past(made, *rolled, *failed)
    assert took(found) == Took(seconds=60, rollouts=5)
    assert took(past(made)) is None
    assert took([replace(event, action="rollback") for event in found]) is None


def test_each_kind_has_its_own_time():
    """A rollback neither bakes nor pauses, and an activation replaces nothing: none tells how long another takes."""
    rolled = past((A, "started", "2", None), (A, "succeeded", "2", 200.0))
    back = [replace(event, action="rollback", seconds=event.seconds and 50.0) for event in rolled]
    up = [
        replace(event, seconds=event.seconds and 90.0, reason=None if event.seconds else f"{ACTIVATED}from warm")
        for event in rolled
    ]
    found = [*up, *back, *rolled]
    known = {kind: took(found, kind) for kind in ("deploy", "rollback", ACTIVATION)}
    assert {kind: each and each.seconds for kind, each in known.items()} == {
        "deploy": 200.0,
        "rollback": 50.0,
        ACTIVATION: 90.0,
    }


@pytest.mark.parametrize(
    ("elapsed", "said"),
    [
        (0, "about 4 min left"),
        (95, "about 2 min left"),
        (190, "about 60 s left"),
        (225, "nearly there"),
        (290, "nearly there"),
        (301, "longer than the last 3 (about 4 min)"),
    ],
)
def test_what_is_left(elapsed: float, said: str):
    """In the steps in which people think; once it is past, that it is, and not a number below zero."""
    assert left(Took(seconds=240, rollouts=3), elapsed) == said


def test_what_is_left_changes_seldom():
    """A log shows each change: two looks a second for four minutes are ten lines, not hundreds."""
    assert len({left(Took(seconds=240, rollouts=3), half / 2) for half in range(480)}) < 10


def test_nothing_to_estimate_by():
    """The first of its kind says how long it has waited, and for how long it will."""
    assert left(None, 10) == ""
    assert waited(44, 840.0) == "30 s of at most 840 s"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "about 5 s"),
        (42, "about 40 s"),
        (89, "about 90 s"),
        (100, "about 2 min"),
        (840, "about 14 min"),
        (7800, "about 2 h 10 min"),
        (7200, "about 2 h"),
    ],
)
def test_estimates_are_rounded(seconds: float, said: str):
    """What is a guess does not look like a measurement."""
    assert roughly(seconds) == said
