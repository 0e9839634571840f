"""What an instance does that runs one command: its user data, under bash, with stand-ins for what only EC2 has."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from release.component.once import once
from release.component.user_data import Boot, render
from tests.release.component import test_boot
from tests.release.component.test_boot import Booting, booting, metadata, port
from tests.waiting import until

__all__ = ["metadata", "port"]
pytestmark = pytest.mark.sandbox

LOGS = """case "$2" in
  put-log-events)
    stream=$(sed -E 's/.*--log-stream-name ([^ ]+) .*/\\1/' <<<"$*") events=${@: -1}
    case $events in file://*) cat "${events#file://}" ;; *) echo "$events" ;; esac |
      jq -c --arg stream "$stream" '{$stream, events: .}' >>"$CALLS.logs" ;;
esac
"""
STANDS_IN = {
    "aws": test_boot.STANDS_IN["aws"] + LOGS,
    "shutdown": 'echo shutdown "$@" >>"$CALLS"\n',
    "sleep": '[ "$1" -lt 60 ] || exec "$REAL_SLEEP" "$1"; exec "$REAL_SLEEP" 0.05\n',
}


def ships(folder: Path) -> dict[str, list[str]]:
    """The lines of each stream."""
    file = folder / "calls.logs"
    found: dict[str, list[str]] = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        put = json.loads(line)
        found.setdefault(put["stream"], []).extend(event["message"] for event in put["events"])
    return found


@dataclass
class Machine:
    """Where one runs."""

    folder: Path
    metadata: str
    port: int
    monkeypatch: pytest.MonkeyPatch

    @contextmanager
    def runs(self, command: str, *, timeout: int = 60, **more: Any) -> Generator[tuple[Booting, subprocess.Popen[str]]]:
        """The user data of an instance that runs one command, as it runs."""

        def rendered(boot: Boot) -> str:
            return render(once(boot, command=command, timeout=timeout, stream="release/abc"))

        self.monkeypatch.setattr(test_boot, "render", rendered)
        with booting(self.folder, self.metadata, self.port, stands_in=STANDS_IN, **more) as started:
            yield started


@pytest.fixture
def machine(tmp_path: Path, metadata: str, port: int, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, metadata, port, monkeypatch)


def ended(folder: Path) -> dict[str, Any]:
    return json.loads(ships(folder)["i-0abc"][-1])


def test_it_runs_once_says_what_it_said_and_leaves(tmp_path: Path, machine: Machine):
    """In the release's folder, with its variables; secrets are masked; a later boot does not run it again."""
    shown = {"Parameters": [{"Name": "/slipway/prod/web/KEY", "Value": "hunter2-hunter2"}], "InvalidParameters": []}
    (tmp_path / "parameters").write_text(json.dumps(shown))
    command = 'cat index.html; echo; echo; echo "$RELEASE_SHA $KEY"; echo ran >>$HOME/ran; printf "no end"'
    secrets = "/slipway/prod/web/KEY:1"
    with machine.runs(command, secrets=secrets) as (instance, process):
        assert process.wait(60) == 0
        said = ships(tmp_path)
        assert said["release/abc/i-0abc"] == ["hi", " ", f"{'a' * 40} (secret KEY)", "no end"]
        began, last = map(json.loads, said["i-0abc"])
        assert (began["event"], began["sha"]) == ("began", "a" * 40)
        assert (last["event"], last["exit"], last["lines"], last["reason"]) == ("ended", 0, 4, "")
        assert instance.said("shutdown") == ["shutdown -h now"]
        assert not instance.said("complete-lifecycle-action")
        again = instance.reboots()
        again.communicate(timeout=60)
        assert (instance.app / "home" / "ran").read_text() == "ran\n"
        assert "it is not run twice" in ended(tmp_path)["reason"]
        assert len(instance.said("shutdown")) == 2


@pytest.mark.parametrize(
    ("command", "status", "reason"),
    [("echo broken; exit 3", 3, ""), ("exec sqlite4 x", 127, "sqlite4: not on the image"), ("kill -9 $$", 137, "")],
)
def test_a_command_that_fails(
    tmp_path: Path,
    machine: Machine,
    command: str,
    status: int,
    reason: str,
):
    """Its exit status is told, and what is missing."""
    with machine.runs(command) as (instance, process):
        assert process.wait(60) == status
        last = ended(tmp_path)
        assert last["exit"] == status
        assert last["reason"].startswith(reason)
        assert instance.said("shutdown")


def test_a_command_that_hangs_is_ended_with_all_its_processes(tmp_path: Path, machine: Machine):
    """At its deadline; what it said before is there as it said it."""
    command = "echo waiting; $REAL_SLEEP 300 & echo $! >$HOME/child; wait"
    with machine.runs(command, timeout=3) as (instance, process):
        until(lambda: ships(tmp_path).get("release/abc/i-0abc") == ["waiting"])
        assert process.poll() is None
        assert process.wait(60) == 124
        assert (ended(tmp_path)["exit"], ended(tmp_path)["reason"]) == (124, "it was not done within 3 s")
        child = (instance.app / "home" / "child").read_text().strip()
        until(lambda: not Path(f"/proc/{child}/cwd").exists())


def test_a_release_that_cannot_be_fetched_runs_nothing(tmp_path: Path, machine: Machine):
    """It leaves all the same, and says why; there is no exit status."""
    (tmp_path / "missing").write_text("An error occurred (NoSuchBucket)\n")
    with machine.runs("echo ran") as (instance, process):
        assert process.wait(60) == 1
        assert ended(tmp_path)["exit"] is None
        assert "cannot fetch s3://store" in ended(tmp_path)["reason"]
        assert instance.said("shutdown")


def test_much_output_is_whole_lines_and_bounded(tmp_path: Path, machine: Machine):
    """A long line is cut, empty ones stay; what runs far ahead is left out, and that is said."""
    talk = f"""{sys.executable} -c '
print("x" * 100000); print("y" * 5000); [print("line", n) for n in range(12000)]'"""
    with machine.runs(talk) as (_, process):
        assert process.wait(60) == 0
        lines = ships(tmp_path)["release/abc/i-0abc"]
        assert lines[:2] == ["x" * 4000, "y" * 4000]
        assert lines[2:] == [f"line {n}" for n in range(12000)]
        assert ended(tmp_path)["lines"] == 12002


def test_what_runs_far_ahead_is_left_out(tmp_path: Path, machine: Machine):
    """The last of it is there."""
    talk = f"{sys.executable} -c 'print(chr(10).join(str(n) for n in range(300000)))'"
    with machine.runs(talk) as (_, process):
        assert process.wait(60) == 0
        lines = ships(tmp_path)["release/abc/i-0abc"]
        assert any("bytes of output are left out here" in line for line in lines)
        assert lines[-2:] == ["299998", "299999"]
