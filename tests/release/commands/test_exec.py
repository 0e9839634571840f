"""`release exec`: what it refuses before anything happens, and what is kept of a terminal's use."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from release.commands import exec as command
from release.commands import parser
from release.console import session
from release.console.request import on_terminal
from release.console.seats import Seat
from release.errors import ConsoleError

SEAT = Seat(
    id="i-00000001",
    state="running",
    launched=datetime(2026, 1, 1, tzinfo=timezone.utc),
    stack="prod",
    fleet="web",
    sha="a" * 40,
)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """What the command does to the world, in order."""
    seen = Mock()
    fleet = SimpleNamespace(name="web", store="store", log_group="/slipway/prod/web")
    monkeypatch.setattr(command, "fleets", SimpleNamespace(found=Mock(return_value=[fleet])))
    monkeypatch.setattr(command, "Fleets", Mock())
    monkeypatch.setattr(command, "Seats", Mock())
    monkeypatch.setattr(command, "client", Mock())
    monkeypatch.setattr(command, "chosen", Mock(return_value=SEAT))
    monkeypatch.setattr(command, "Notes", Mock(return_value=seen.notes))
    monkeypatch.setattr(session, "attend", seen.attend)
    seen.attend.return_value = 0
    return seen


def run(*words: str) -> int:
    arguments = parser().parse_args(["exec", "--stack", "prod", *words])
    return command.run(arguments)


@pytest.mark.parametrize(
    ("words", "argv"), [([], ["bash", "-l"]), (["--", "bin/console", "-it", "a b"], ["bin/console", "-it", "a b"])]
)
def test_a_terminals_use_is_kept_before_it_opens(
    calls: Mock, monkeypatch: pytest.MonkeyPatch, words: list[str], argv: list[str]
):
    """Who, where and what; without a command it is a shell."""
    monkeypatch.setattr(session, "plugin", lambda: "/bin/session-manager-plugin")
    assert run("-it", *words) == 0
    assert [name for name, _, _ in calls.mock_calls] == ["notes.add", "attend"]
    kept = calls.notes.add.call_args.args[0]
    assert (kept.what, kept.facts["instance"], kept.facts["terminal"]) == ("exec", "i-00000001", "yes")
    assert calls.attend.call_args.args[1:4] == (SEAT, on_terminal(argv), "/bin/session-manager-plugin")


def test_without_a_terminal_nothing_happens(calls: Mock, monkeypatch: pytest.MonkeyPatch):
    """As in a pipeline's job; it is no use that is kept."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(ConsoleError, match="-it needs a terminal"):
        run("-it")
    assert calls.mock_calls == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "what is to be run"),
        (["-it", "--timeout", "5"], "--timeout is for commands without -it"),
    ],
)
def test_what_makes_no_sense_is_refused(calls: Mock, words: list[str], said: str):
    """Before anything is asked for."""
    with pytest.raises(ConsoleError, match=said):
        run(*words)
    assert calls.mock_calls == []


def test_a_command_that_is_too_long(calls: Mock, monkeypatch: pytest.MonkeyPatch):
    """It is refused, and not kept."""
    monkeypatch.setattr(session, "plugin", lambda: "/bin/session-manager-plugin")
    with pytest.raises(ConsoleError, match="too long"):
        run("-it", "--", "x" * 20_000)
    assert calls.mock_calls == []
