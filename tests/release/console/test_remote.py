"""The program that runs on an instance, run here as it is sent there: by `sh`, with an `aws` that only keeps."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from release.component.user_data import render
from release.console.document import content, program
from release.console.request import Request
from sandbox.machines.image import MachineImage
from tests.release.console.test_told import boot
from tests.waiting import until

PYTHON = MachineImage.of_this_machine().python
"""Amazon Linux 2023's own is 3.9, where this machine has one."""
AWS = """#!/bin/sh
case "$*" in
*get-parameters*) [ ! -e "$DIR/denied" ] || {{ echo 'not authorized: ssm:GetParameters' >&2; exit 254; }}
  echo '{{"InvalidParameters": [], "Parameters": [{{"Name": "/slipway/prod/web/KEY", "Value": "s3cret-value"}}]}}' ;;
*put-log-events*) {python} -c 'import json, sys
for event in json.load(sys.stdin): print(event["message"])' </dev/stdin >>"$DIR/log" ;;
*) echo "$*" >>"$DIR/calls" ;;
esac
"""


class Machine:
    """A folder that looks like an instance to the program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "per-boot", "app/release", "app/home"):
            (folder / name).mkdir(parents=True)
        self._tool("aws", AWS.format(python=sys.executable))
        self._tool("python3", f'#!/bin/sh\nexec {PYTHON} "$@"\n')
        (folder / "per-boot" / "slipway").write_text(render(boot(secrets=("/slipway/prod/web/KEY:1",))))
        (folder / "app" / "instance").write_text("i-0123456789abcdef0\n")

    def _tool(self, name: str, text: str) -> None:
        file = self.folder / "bin" / name
        file.write_text(text)
        file.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "DIR": str(self.folder),
            "PER_BOOT": str(self.folder / "per-boot"),
            "APP_HOME": str(self.folder / "app"),
            "APP_USER": str(os.getuid()),
            "AWS_PAGER": "less",
        }

    def start(self, *argv: str, seconds: int = 30) -> "subprocess.Popen[str]":
        request = Request(argv=argv, seconds=seconds, group="/slipway/prod/web", stream="exec/1")
        lines = json.loads(content())["mainSteps"][0]["inputs"]["runCommand"]
        (self.folder / "_script.sh").write_text("\n".join(lines).replace("{{ request }}", request.encoded))
        return subprocess.Popen(
            ["sh", str(self.folder / "_script.sh")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            start_new_session=True,
        )

    def run(self, *argv: str, seconds: int = 30) -> "subprocess.CompletedProcess[str]":
        process = self.start(*argv, seconds=seconds)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def said(self, to: str = "out") -> str:
        log = self.folder / "log"
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return "".join(line["text"] for line in lines if line.get("to") == to)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_command_has_the_environment_of_the_app(machine: Machine):
    """Its release, port, variables, secrets and folder; and nothing of boot.sh's own."""
    done = machine.run("sh", "-c", 'echo "$RELEASE_SHA $PORT $INSTANCE_ID $LIST ${KEY%-value} ${AWS_PAGER-none}"; pwd')
    assert machine.said() == f"{'a' * 40} 8080 i-0123456789abcdef0 (a b) s3cret none\n{machine.folder}/app/release\n"
    assert json.loads(done.stdout) == {"exit": 0, "late": False, "lines": 2, "lost": ""}


def test_words_arrive_as_they_were_typed(machine: Machine):
    """No shell reads them again on the way."""
    words = ["a  b", "$HOME `id` $(id)", "it's", '"', "\\n", "ä\n", "*", "PYTHON", "{{ x }}", ""]
    machine.run(sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", *words)
    assert json.loads(machine.said()) == words


def test_a_secret_is_said_nowhere(machine: Machine):
    """Neither in the log group nor in what Systems Manager keeps, on either stream."""
    done = machine.run("sh", "-c", 'echo "key=$KEY"; echo "$KEY" >&2')
    assert (machine.said(), machine.said("err")) == ("key=(secret KEY)\n", "(secret KEY)\n")
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "status", "told"), [("exit 3", 3, 3), ("kill -9 $$", 137, 137), ("exit 194", 1, 194)]
)
def test_the_exit_status_is_the_commands(machine: Machine, command: str, status: int, told: int):
    """But 194 has the SSM Agent reboot the instance: it is told, and never returned."""
    done = machine.run("sh", "-c", command)
    assert (done.returncode, json.loads(done.stdout)["exit"]) == (status, told)


def test_a_command_that_is_not_there(machine: Machine):
    """As a shell says it, with its status."""
    done = machine.run("no-such-command")
    assert (done.returncode, machine.said("err")) == (127, "no-such-command: No such file or directory\n")


def test_a_command_that_takes_too_long_is_ended(machine: Machine):
    """It gets SIGTERM, and may say something upon it."""
    done = machine.run("sh", "-c", "trap 'echo ended; exit 5' TERM; while :; do sleep 0.1; done", seconds=1)
    assert (done.returncode, machine.said(), json.loads(done.stdout)["late"]) == (5, "ended\n", True)


def test_what_is_left_in_the_background_is_ended(machine: Machine):
    """It would hold the output open for ever."""
    machine.run("sh", "-c", "sleep 300 & echo $!")
    until(lambda: not _runs(int(machine.said())))


def test_the_command_ends_with_the_program(machine: Machine):
    """The SSM Agent cancels by SIGKILL to the program's process group; the command is in another one."""
    process = machine.start("sh", "-c", "echo $$; exec sleep 300")
    until(lambda: machine.said() != "")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)
    until(lambda: not _runs(int(machine.said())))


def test_what_is_said_comes_while_the_command_runs(machine: Machine):
    """A migration of an hour is not silent for an hour."""
    process = machine.start("sh", "-c", "echo begun; sleep 300")
    until(lambda: machine.said() == "begun\n")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)


def test_much_output_arrives_whole_and_in_order(machine: Machine):
    """Twenty times what Systems Manager itself would show."""
    started = time.monotonic()
    machine.run(sys.executable, "-c", "for n in range(80_000): print('line', n)")
    assert machine.said() == "".join(f"line {n}\n" for n in range(80_000))
    assert time.monotonic() - started < 30


def test_secrets_that_cannot_be_read_are_one_line(machine: Machine):
    """Nothing is run with half of the environment."""
    (machine.folder / "denied").touch()
    done = machine.run("true")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "slipway: cannot read the secrets of this fleet: not authorized: ssm:GetParameters\n"


def test_the_program_is_small_enough_for_a_document():
    """A document has 64 KB at most, and `{{` in it would be a parameter."""
    text = "\n".join(program())
    assert len(text) < 40_000
    assert "{{" not in text
    assert "release." not in [word.partition(" ")[0] for word in text.splitlines()]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
