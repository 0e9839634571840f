"""`release watch` over looks that are given: once, as documents, in a log, on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from release.__main__ import main
from release.commands import watch
from release.errors import StoreError
from release.watch.seen import Seen
from tests.release.watch.views import fleet, member, seen

Watching = Callable[..., "Sequence[float]"]


@dataclass
class Looks:
    """What each look finds; None if AWS does not answer."""

    answers: list[Seen | None]
    stack: str = "prod"
    region: str = "eu-west-1"

    def look(self) -> Seen:
        answer = self.answers.pop(0)
        if answer is None:
            raise StoreError("no route")
        return answer


@dataclass
class Clock:
    """Sleeps at once; Ctrl-C comes when no look is left."""

    looks: Looks
    slept: list[float] = field(default_factory=list[float])

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self.looks.answers:
            raise KeyboardInterrupt


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Watching:
    """Runs the command over these looks; how long it slept between them."""

    def run(*words: str, looks: Sequence[Seen | None], status: int = 0) -> Sequence[float]:
        made = Looks(list(looks))
        clock = Clock(made)

        def looker(stack: str, _region: str | None) -> Looks:
            assert stack == "prod"
            return made

        monkeypatch.setattr(watch, "Looker", looker)
        monkeypatch.setattr(watch, "time", clock)
        assert main(["watch", "--stack", "prod", *words]) == status
        assert made.answers == []
        return clock.slept

    return run


def test_once_prints_tables(watching: Watching, capsys: pytest.CaptureFixture[str]):
    """Marks, fleets, instances and events; what could not be asked is a warning on standard error."""
    assert watching("--once", looks=[seen(marks=("frozen\x1b by kim",), unknown=("requests: denied",))]) == []
    said = capsys.readouterr()
    first, heading, row, *rest = said.out.splitlines()
    assert first.startswith("frozen")
    assert "\x1b" not in said.out
    assert heading.split()[:3] == ["FLEET", "RELEASE", "SERVING"]
    assert row.startswith("web    aaaaaaaaaaaa  3 of 3")
    assert [line.split()[0] for line in rest if line] == ["INSTANCE", "i-0", "i-1", "i-2", "AT", "01-01"]
    assert said.err == "warning: could not ask for requests: denied\n"


def test_once_without_events_has_no_table_of_them(watching: Watching, capsys: pytest.CaptureFixture[str]):
    """A new stack has nothing in its ledger."""
    watching("--once", looks=[seen(events=())])
    assert "AT (UTC)" not in capsys.readouterr().out


def test_documents_come_a_line_each(watching: Watching, capsys: pytest.CaptureFixture[str]):
    """A look that fails is a line on standard error, with a longer pause after it; Ctrl-C leaves without an error."""
    assert watching("--json", "--interval", "2", looks=[seen(), None, seen(fleet(desired=4))]) == [2, 4, 2]
    said = capsys.readouterr()
    assert [json.loads(line)["fleets"][0]["desired"] for line in said.out.splitlines()] == [3, 4]
    assert said.err == "AWS could not be asked: no route\n"


def test_one_document(watching: Watching, capsys: pytest.CaptureFixture[str]):
    """With --once as well there is one, and no pause."""
    assert watching("--json", "--once", looks=[seen()]) == []
    assert json.loads(capsys.readouterr().out)["calm"] is True


def test_in_a_log_a_line_for_each_change(watching: Watching, capsys: pytest.CaptureFixture[str]):
    """What there is, then what differs, with the look's time; two looks that are alike say nothing."""
    later = replace(seen(fleet(member(0), member(1), member(2, target="draining"))), at=seen().at.replace(second=9))
    assert watching(looks=[seen(), seen(), later]) == [5, 5, 5]
    first, change = capsys.readouterr().out.splitlines()
    assert first.startswith("03:04:05 web: aaaaaaaaaaaa, 3 of 3 serving")
    assert change == "03:04:09 web: i-2 InService draining aaaaaaaaaaaa in eu-west-1c"


def test_in_a_log_trouble_is_said_once(watching: Watching, capsys: pytest.CaptureFixture[str]):
    """However many looks fail in the same way; and that it has ended."""
    assert watching(looks=[seen(), None, None, seen()]) == [5, 10, 20, 5]
    said = [line.partition(" ")[2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert said == ["AWS could not be asked: no route", "AWS answers again"]


def test_what_fails_at_once_is_an_error(watching: Watching, capsys: pytest.CaptureFixture[str]):
    """The first look is not repeated, and a stack without fleets is nothing to watch."""
    watching(looks=[None], status=1)
    assert capsys.readouterr().err == "error: no route\n"
    watching(looks=[replace(seen(), fleets=())], status=1)
    assert capsys.readouterr().err == "error: region eu-west-1 has no fleet of stack prod\n"


@pytest.mark.parametrize("interval", ["0.5", "3601", "nan", "often"])
def test_an_interval_is_from_a_second_to_an_hour(interval: str, capsys: pytest.CaptureFixture[str]):
    """Anything else is wrong usage."""
    with pytest.raises(SystemExit):
        main(["watch", "--stack", "prod", "--interval", interval])
    assert f"'{interval}' is not a number of seconds from 1 to 3600" in capsys.readouterr().err


class Terminal(io.StringIO):
    """A terminal's output, which presses keys on its input once the fleet is drawn."""

    def __init__(self, keyboard: int, keys: bytes) -> None:
        super().__init__()
        self._keyboard, self._keys = keyboard, keys

    def isatty(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if "3 of 3" in text and self._keys:
            os.write(self._keyboard, self._keys)
            self._keys = b""
        return super().write(text)


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal: of who types, and of the program."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_q_leaves_the_screen(watching: Watching, monkeypatch: pytest.MonkeyPatch, line: tuple[int, int]):
    """Other keys do nothing; the terminal is as before, and the process ends without waiting for a look."""
    keyboard, end = line
    before, left, screen = termios.tcgetattr(end), list[int](), Terminal(keyboard, b"xq")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(watch, "os", SimpleNamespace(_exit=left.append))
    with os.fdopen(os.dup(end)) as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        monkeypatch.setattr(sys, "stdout", screen)
        assert watching(looks=[seen()]) == []
    said = screen.getvalue()
    assert said.count("\x1b[?1049h") == said.count("\x1b[?1049l") == 1
    assert " in eu-west-1" in said  # a style ends after the name
    assert left == [0]
    assert termios.tcgetattr(end) == before


def test_ctrl_c_leaves_the_screen(watching: Watching, monkeypatch: pytest.MonkeyPatch):
    """Also where standard input is no terminal, so that there are no keys."""
    left, screen = list[int](), Terminal(-1, b"")

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(watch, "os", SimpleNamespace(_exit=left.append))
    monkeypatch.setattr(watch.keys, "time", SimpleNamespace(sleep=interrupted))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys, "stdout", screen)
    watching(looks=[seen()])
    assert screen.getvalue().count("\x1b[?1049l") == 1
    assert left == [0]
