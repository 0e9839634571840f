"""The program that runs on an instance for a terminal, run here as the SSM Agent does: by `sh -c`, on one."""

import json
import os
import pty
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from release.console.document import program, session_content
from release.console.request import on_terminal
from release.console.session import SHELL
from tests.release.console.test_remote import Machine


class Terminal:
    """A command on a terminal of an instance; `said` is all that came over it."""

    def __init__(self, machine: Machine, argv: Sequence[str]) -> None:
        commands = str(json.loads(session_content())["properties"]["linux"]["commands"])
        text = commands.replace("{{ request }}", on_terminal(argv))
        self.process, self._end = pty.fork()
        if not self.process:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored, which is inherited
            os.execve("/bin/sh", ["sh", "-c", text], {**machine.environment, "TERM": "xterm-256color"})  # noqa: S606
        self.said = ""

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def read(self, until: str = "\0") -> str:
        """Return all that was said once that has come, or the other end is closed."""
        deadline = time.monotonic() + 30
        while until not in self.said and time.monotonic() < deadline:
            try:
                self.said += os.read(self._end, 65536).decode()
            except OSError:  # Linux says so at the end of a terminal
                break
        return self.said.replace("\r\n", "\n")

    def hang_up(self) -> None:
        os.close(self._end)

    def status(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_command_has_a_terminal_and_the_apps_environment(machine: Machine):
    """Its release, secrets and folder; the terminal is its controlling one, and nothing else is open."""
    script = 'echo "${#RELEASE_SHA} ${KEY%-value} $TERM ${AWS_PAGER-none}"; pwd; tty </dev/tty; ls /proc/$$/fd; exit 3'
    there = Terminal(machine, ["sh", "-c", script])
    said = there.read().splitlines()
    assert said[:2] == ["40 s3cret xterm-256color none", f"{machine.folder}/app/release"]
    assert said[2].startswith("/dev/")
    assert set(" ".join(said[3:]).split()) <= {"0", "1", "2", "10"}  # dash keeps 10 for the terminal
    assert there.status() == 3


def test_a_shell_answers_what_is_typed(machine: Machine):
    """The one that `exec -it` runs without a command, with job control."""
    there = Terminal(machine, SHELL)
    there.type('echo "<$-><${KEY%-value}>"\n')
    said = there.read(until="<s3cret>\r\n")
    assert "m" in said.rpartition("<s3cret>")[0].rpartition("<")[2]
    there.type("exit 4\n")
    there.read()
    assert there.status() == 4


def test_words_arrive_as_they_were_typed(machine: Machine):
    """No shell reads them again on the way."""
    words = ["a  b", "$HOME `id` $(id)", "it's", '"', "\\n", "PYTHON", "{{ x }}", ""]
    there = Terminal(machine, [sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", *words])
    assert json.loads(there.read()) == words


def test_what_ran_ends_with_the_session(machine: Machine):
    """The agent closes its end of the terminal; the kernel hangs up."""
    there = Terminal(machine, ["sh", "-c", "echo ready; sleep 300; true"])
    there.read(until="ready\r\n")
    there.hang_up()
    assert there.status() == -1


@pytest.mark.parametrize("broken", ["secrets", "command"])
def test_what_cannot_run_is_one_line(machine: Machine, broken: str):
    """Said on the terminal; nothing runs with half of the environment."""
    if broken == "secrets":
        (machine.folder / "denied").touch()
    there = Terminal(machine, ["true" if broken == "secrets" else "no-such-command"])
    said = {"secrets": "cannot read the secrets of this fleet: not authorized: ssm:GetParameters"}
    assert there.read() == f"slipway: {said.get(broken, 'no-such-command: No such file or directory')}\n"
    assert there.status() == 1


def test_the_document_is_what_session_manager_takes():
    """One parameter that means nothing to a shell, and no Run As; below the 64 KB of a document."""
    document = json.loads(session_content())
    assert (document["schemaVersion"], document["sessionType"]) == ("1.0", "InteractiveCommands")
    assert document["properties"]["linux"]["runAsElevated"] is True
    assert "inputs" not in document
    commands = document["properties"]["linux"]["commands"]
    assert commands.count("{{") == 1
    assert len(session_content()) < 20_000
    assert "\n".join(program(("told", "place", "terminal"))) in commands
