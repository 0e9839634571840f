"""What became of scheduled work the last time, from what instances say and what AWS shows."""

from __future__ import annotations

import json

import pytest

from release.rollout.runs import Line, job, line

AT = 1_767_231_000.0  # 2026-01-01 01:30 UTC


def said(event: str, instance: str = "i-1", **more: object) -> Line:
    found = line(json.dumps({"event": event, "instance": instance, "sha": "a" * 40, "reason": "", **more}), AT)
    assert found
    return found


BEGAN, ENDED = said("began"), said("ended", exit=3, lines=4, seconds=7)


@pytest.mark.parametrize(
    ("lines", "alive", "told"),
    [
        ([], [], "never ran"),
        ([], ["i-1"], "never ran; i-1 is starting"),
        ([BEGAN], ["i-1"], "2026-01-01 01:30 UTC: running on i-1"),
        ([BEGAN], [], "2026-01-01 01:30 UTC: lost midway on i-1"),
        ([BEGAN, ENDED], ["i-1"], "2026-01-01 01:30 UTC: exit 3 after 7 s"),
        ([BEGAN, ENDED], ["i-2"], "2026-01-01 01:30 UTC: exit 3 after 7 s; i-2 is starting"),
        ([BEGAN, ENDED, said("began", "i-2")], [], "2026-01-01 01:30 UTC: lost midway on i-2"),
        (
            [BEGAN, said("ended", exit=None, reason="it was booted again")],
            [],
            "2026-01-01 01:30 UTC: lost midway on i-1 (it was booted again)",
        ),
        (
            [said("ended", exit=None, reason="no artifact")],
            [],
            "2026-01-01 01:30 UTC: could not begin (no artifact)",
        ),
        ([BEGAN, ENDED, said("ended", exit=None, reason="it was booted again")], [], "2026-01-01 01:30 UTC: exit 3"),
    ],
)
def test_the_last_run(lines: list[Line], alive: list[str], told: str):
    """Ended, under way, lost, or not known of; the first end that an instance tells counts."""
    assert str(job("nightly", "web", lines, alive)).startswith(told)


def test_the_document():
    """The same keys whether it ran or not are `name`, `state` and `starting`."""
    assert job("nightly", "web", [], []).document() == {"name": "nightly", "state": "never", "starting": None}
    assert job("nightly", "web", [BEGAN, ENDED], []).document() == {
        "name": "nightly",
        "state": "ended",
        "starting": None,
        "began": "2026-01-01T01:30:00+00:00",
        "exit": 3,
        "seconds": 7,
        "instance": "i-1",
        "sha": "a" * 40,
        "reason": "",
    }


@pytest.mark.parametrize(
    "message",
    ["", "no JSON", "[]", '"began"', '{"event": "began"}', '{"event": ["began"], "instance": "i-1"}', "9" * 70_000],
)
def test_what_is_no_line_of_a_run(message: str):
    """Each instance of the fleet may write into the stream."""
    assert line(message, AT) is None


def test_what_an_instance_says_steers_no_terminal():
    """Nor is anything but a number an exit status."""
    found = said("ended", "i-\x1b[2J1", exit="0", seconds=True, reason="a\x1b[31mb")
    assert (found.instance, found.exit, found.seconds, found.reason) == ("i-1", None, None, "ab")
