"""Tests of release/watch/keys.py: single keys from a terminal, which is as before afterwards."""

from __future__ import annotations

import io
import os
import pty
import sys
import termios
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from release.watch import keys


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """Both ends of a terminal that is standard input: of who types, and of the program."""
    keyboard, end = pty.openpty()
    with os.fdopen(os.dup(end)) as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        yield keyboard, end
    os.close(keyboard)
    os.close(end)


def test_keys_come_one_by_one(terminal: tuple[int, int]):
    """Without the end of a line; "" if none is pressed; what is no UTF-8 is a key, too."""
    keyboard, _ = terminal
    with keys.pressed() as key:
        assert key(0) == ""
        os.write(keyboard, b"aq\xff")
        assert [key(5), key(5), key(5), key(0)] == ["a", "q", "\ufffd", ""]


def test_the_terminal_is_as_before_however_it_ends(terminal: tuple[int, int]):
    """Meanwhile keys are not echoed, and Ctrl-C remains a signal."""
    _, end = terminal
    before = termios.tcgetattr(end)

    def interrupted() -> None:
        local = int(termios.tcgetattr(end)[3])
        assert not local & (termios.ICANON | termios.ECHO)
        assert local & termios.ISIG
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), keys.pressed():
        interrupted()
    assert termios.tcgetattr(end) == before


def test_the_end_of_the_input_leaves():
    """Nothing will ever come from a terminal that is gone."""
    out, into = os.pipe()
    os.close(into)
    assert keys._key(out, 0) == "q"
    os.close(out)


def test_without_a_terminal_it_only_waits(monkeypatch: pytest.MonkeyPatch):
    """Standard input may be a file, which would be read at once."""
    slept: list[float] = []
    monkeypatch.setattr(keys, "time", SimpleNamespace(sleep=slept.append))
    monkeypatch.setattr(sys, "stdin", io.StringIO("q"))
    with keys.pressed() as key:
        assert key(0.2) == ""
    assert slept == [0.2]
