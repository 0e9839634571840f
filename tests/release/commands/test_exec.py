"""`release exec`: what it refuses before anything happens, what is kept of a use, and what is said of a command."""

from __future__ import annotations

import io
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
from tests.release.console.scripted import Known, Scripted, done, ended, invocation, output, refused, scripted

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


@pytest.fixture
def aws(calls: Mock, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Systems Manager and a log group in which the command says something on both of its streams."""
    monkeypatch.setattr(command, "Seats", Mock(return_value=Known()))
    made = scripted(monkeypatch)
    made.says((0, [output(0, "\x1b[31mone\n"), output(1, "two\n", "err"), ended(2)]))
    return made


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


def test_a_command_is_followed_to_its_end(aws: Scripted, calls: Mock, capsys: pytest.CaptureFixture[str]):
    """Its output and its status are the command's, its use is kept."""
    aws.script["get_command_invocation"] = [done(3)]
    assert run("--", "bin/console", "a b") == 3
    assert capsys.readouterr() == ("\x1b[31mone\n", f"web: i-00000001, release {'a' * 12}\ntwo\n")
    assert calls.notes.add.call_args.args[0].facts["command"] == "bin/console 'a b'"


def test_a_terminal_is_not_steered(aws: Scripted, monkeypatch: pytest.MonkeyPatch):
    """By what the command says."""
    aws.script["get_command_invocation"] = [done()]
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert run("--", "ls") == 0
    assert terminal.getvalue() == "one\n"


def test_what_is_late_or_lost_is_said(aws: Scripted, capsys: pytest.CaptureFixture[str]):
    """And the status is the command's all the same."""
    aws.script["get_command_invocation"] = [done(143, late=True, lost="AccessDenied")]
    assert run("--timeout", "5", "--", "sleep", "9") == 143
    said = capsys.readouterr().err
    assert "error: the command was not done within 5 s (--timeout), and was ended\n" in said
    assert "warning: not all that the command said is here: AccessDenied\n" in said


def test_a_slow_log_group_is_said(aws: Scripted, capsys: pytest.CaptureFixture[str]):
    """Lines that did not come are not passed over."""
    aws.script["get_command_invocation"] = [done()]
    aws.says((0, [output(0, "one\n")]))
    assert run("--", "ls") == 0
    assert "warning: not all that the command said is here: the log group was slow\n" in capsys.readouterr().err


def test_an_interrupted_command_is_cancelled(aws: Scripted, capsys: pytest.CaptureFixture[str]):
    """The interruption goes on after it."""
    aws.script["get_command_invocation"] = [KeyboardInterrupt(), invocation("Cancelled")]
    with pytest.raises(KeyboardInterrupt):
        run("--", "sleep", "9")
    assert len(aws.of("cancel_command")) == 1
    assert "interrupted: the command on i-00000001 was ended\n" in capsys.readouterr().err


def test_a_refused_command_was_kept_before(aws: Scripted, calls: Mock):
    """An attempt is a use as well."""
    aws.script["send_command"] = [refused("AccessDenied")]
    with pytest.raises(ConsoleError, match="access denied"):
        run("--", "ls")
    assert [name for name, _, _ in calls.mock_calls] == ["notes.add"]


@pytest.mark.parametrize("seconds", ["0", "86401", "1.5", "x"])
def test_a_timeout_is_a_number_of_seconds(seconds: str, capsys: pytest.CaptureFixture[str]):
    """Of at most a day."""
    with pytest.raises(SystemExit):
        run("--timeout", seconds, "--", "ls")
    assert "is not a number of seconds from 1 to 86400" in capsys.readouterr().err
