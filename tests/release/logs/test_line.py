"""Lines of instances, as they are shown, and what they are asked for by."""

from __future__ import annotations

import pytest

from release.errors import ReleaseError
from release.logs.line import lines, visible
from release.logs.pattern import pushed
from release.logs.since import since

SHA = "3f2a9c14d0b1" + "0" * 28
EVENT = {"timestamp": 1_764_663_243_120, "logStreamName": f"i-0a51c8e2/{SHA}", "message": "GET /\n  at x"}
NOW = 1_800_000_000.0


def test_each_line_tells_its_time_fleet_instance_and_release():
    """A stack trace is one event; each of its lines is shown as one."""
    first, second = lines("web", EVENT)
    assert str(first) == "2025-12-02 08:14:03.120 web i-0a51c8e2 3f2a9c1 | GET /"
    assert second.document() == {
        "time": "2025-12-02T08:14:03.120Z",
        "fleet": "web",
        "instance": "i-0a51c8e2",
        "sha": SHA,
        "text": "  at x",
    }


@pytest.mark.parametrize(
    ("stream", "instance", "sha"),
    [
        (f"release/{SHA[:12]}/i-0abc", "i-0abc", SHA[:12]),
        ("i-0abc", "i-0abc", ""),
        ("exec/of somebody", "exec/of somebody", ""),
    ],
)
def test_other_streams_tell_what_they_can(stream: str, instance: str, sha: str):
    """A release phase's, a boot's, and whatever else is there."""
    [line] = lines("web", {**EVENT, "logStreamName": stream, "message": "x"})
    assert (line.instance, line.sha) == (instance, sha)


def test_control_characters_are_shown_and_not_obeyed():
    """Whoever may write into a stream could otherwise steer the terminal, or turn the text around."""
    assert visible("a\x1b[2J\tb\u202ec \u00fc") == "a\\x1b[2J    b\\u202ec \u00fc"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("GET /checkout", "%/checkout%"),
        ('say "hello.world"', "%hello%"),
        ("10.0.0.1", "%10%"),
        ("a%b(c", "%a%"),
        ("\u00fc", None),
        ("", None),
        ("x" * 500, f"%{'x' * 200}%"),
    ],
)
def test_aws_looks_for_a_part_that_can_be_written_as_it_stands(text: str, pattern: str | None):
    """No character of it means anything in a pattern."""
    assert pushed(text) == pattern


SINCE = {
    "30s": 30,
    "10m": 600,
    "2h": 7200,
    "1d": 86_400,
    "2027-01-15T07:59:00Z": 60,
    "2027-01-15T08:59:00+01:00": 60,
}


@pytest.mark.parametrize(("text", "seconds"), SINCE.items())
def test_since_is_a_span_or_a_time(text: str, seconds: float):
    """In UTC unless it says otherwise."""
    assert NOW - since(text, NOW) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "1w", "yesterday", "99999d", "2030-01-01"])
def test_another_since_is_refused(text: str):
    """With what it takes."""
    with pytest.raises(ReleaseError, match="--since"):
        since(text, NOW)
