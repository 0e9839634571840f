"""Procfiles, as Heroku documents them."""

from __future__ import annotations

import pytest

from release.errors import ProcfileError
from release.source.procfile import command, parse


def test_processes():
    """Names and commands, in order; blank lines, comments and Windows line ends don't matter; colons in commands do."""
    text = "\ufeff# what runs\nweb: gunicorn -b :$PORT app:app\r\n\n  worker:python3  worker.py \nclock_1-a:  date\n"
    assert list(parse(text).items()) == [
        ("web", "gunicorn -b :$PORT app:app"),
        ("worker", "python3  worker.py"),
        ("clock_1-a", "date"),
    ]
    assert parse("") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web", "line 1: 'web' is not"),
        ("web: x\nworker:", "line 2: 'worker:' is not"),
        ("we b: x", "line 1"),
        (": x", "line 1"),
        ("web: x\nweb: y", "line 2: process 'web' is declared a second time"),
    ],
)
def test_lines_that_are_wrong(text: str, said: str):
    """The line's number and text are in the error."""
    with pytest.raises(ProcfileError, match=said):
        parse(text, "Procfile")


def test_a_process_that_is_not_there():
    """The error lists those that are."""
    assert command({"web": "x"}, "web", "a" * 40) == "x"
    with pytest.raises(ProcfileError, match="its Procfile has web, worker"):
        command({"worker": "y", "web": "x"}, "api", "a" * 40)
    with pytest.raises(ProcfileError, match="no processes; name one of those, or set the fleet's command"):
        command({}, "web", "a" * 40)
