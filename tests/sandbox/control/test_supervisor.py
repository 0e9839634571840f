"""The supervisor with small stand-ins for the sandbox's processes: real processes, real signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox import ports, processes
from sandbox.control import session, start
from sandbox.control.supervisor import Programs
from sandbox.errors import SandboxError
from tests.waiting import ENOUGH, until

pytestmark = [
    pytest.mark.sandbox,
    # The supervisor is left to itself on purpose: it outlives its starter.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

ANSWERING = """
import http.server, json, sys, subprocess
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
print(json.dumps({"ready": True, "port": server.server_port}), flush=True)
print("x" * 200_000, flush=True)
server.serve_forever()
"""
WAITING = "import json, signal; print(json.dumps({'ready': True}), flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + WAITING
FAILING = "raise SystemExit('no such thing')"


def make_programs(directory: Path, **programs: str) -> Programs:
    """Python programs to start; the one called aws gets a port to answer on."""
    port = ports.free_port()
    commands = {name: [sys.executable, "-c", text, str(port)] for name, text in programs.items()}
    recorded = {"aws": port, "balancer": 1, "provider": 2}
    return Programs(directory=directory, session="s1", commands=commands, ports=recorded)


def only_aws(directory: Path, *, port: int | None) -> Programs:
    """Take the place of `start.programs`."""
    return make_programs(directory, aws=ANSWERING)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A sandbox folder of this test's own, with nothing left running afterwards."""
    folder = tmp_path / ".sandbox"
    yield folder
    processes.sweep(folder, patience=1.0)


def is_running(process: psutil.Process) -> bool:
    """Whether a process does more than wait for its parent to ask how it ended."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_start_returns_when_all_are_ready_and_records_them(directory: Path):
    """A started sandbox is whole, and its record names every process and port."""
    state = start.run(make_programs(directory, aws=ANSWERING, machines=WAITING))

    assert session.trouble(state) is None
    assert state == session.load(directory)
    assert list(state.children) == ["aws", "machines"]
    assert state.children["aws"].port == state.ports["aws"]


def test_supervisor_has_a_session_of_its_own(directory: Path):
    """Closing the terminal does not reach the sandbox."""
    state = start.run(make_programs(directory, aws=ANSWERING))

    assert os.getsid(state.supervisor.pid) == state.supervisor.pid != os.getsid(0)


def test_chatty_child_is_not_blocked(directory: Path):
    """What a child goes on writing to stdout lands in its log."""
    state = start.run(make_programs(directory, aws=ANSWERING))

    log = directory / "log" / "aws.log"
    until(lambda: log.stat().st_size > 200_000)
    assert session.trouble(state) is None


def test_stop_leaves_nothing(directory: Path):
    """A stop ends every process, grandchildren in sessions of their own and stubborn ones too, and the folder."""
    start.run(make_programs(directory, aws=ANSWERING, machines=STUBBORN))
    before = processes.find(directory)
    assert len(before) == 4

    start.stop(directory)

    assert not any(is_running(process) for process in before)
    assert not directory.exists()


def test_a_folder_that_is_removed_ends_it(directory: Path):
    """Where the checkout is deleted without `make down`, nothing of its sandbox stays behind."""
    start.run(make_programs(directory, aws=ANSWERING, machines=WAITING))
    before = processes.find(directory)

    def gone() -> bool:  # what still runs may put a file into a folder that is being emptied
        shutil.rmtree(directory, ignore_errors=True)
        return not directory.exists()

    until(gone)
    until(lambda: not any(is_running(process) for process in before))
    assert not directory.exists()


def test_failed_child_fails_the_start_and_cleans_up(directory: Path):
    """A start that fails halfway names the log to read, and leaves no process and no record."""
    with pytest.raises(SandboxError, match=r"machines ended before it was ready; see .*machines\.log"):
        start.run(make_programs(directory, aws=ANSWERING, machines=FAILING))

    assert processes.find(directory) == []
    assert session.load(directory) is None
    assert "no such thing" in (directory / "log" / "machines.log").read_text()


def test_wrong_ready_line_fails_the_start(directory: Path):
    """A child that says something else than that it is ready is not taken for ready."""
    with pytest.raises(SandboxError, match="instead of reporting that it is ready"):
        start.run(make_programs(directory, aws="print('hello')"))


def test_dead_child_marks_the_sandbox_as_broken(directory: Path):
    """A child that is killed is named in the record, with how it ended."""
    state = start.run(make_programs(directory, aws=ANSWERING, machines=WAITING))
    os.kill(state.children["machines"].pid, signal.SIGKILL)

    until(lambda: (state := session.load(directory)) and state.broken)

    broken = session.load(directory)
    assert broken
    assert (session.trouble(broken) or "").startswith("machines was killed by SIGKILL; see ")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal is Linux's")
def test_killed_supervisor_takes_its_children_along(directory: Path):
    """kill -9 of the supervisor ends the children, and the record shows it."""
    state = start.run(make_programs(directory, aws=ANSWERING, machines=WAITING))
    os.kill(state.supervisor.pid, signal.SIGKILL)

    for child in state.children.values():
        until(lambda child=child: not processes.is_alive(child.pid, child.started))
    assert session.trouble(state) == "its supervisor was killed"


def test_ensure_uses_the_one_that_runs(directory: Path, monkeypatch: pytest.MonkeyPatch):
    """A second start finds the first one's sandbox."""
    monkeypatch.setattr(start, "programs", only_aws)
    first = start.ensure(directory)

    assert start.ensure(directory) == first
    with pytest.raises(SandboxError, match="make down"):
        start.ensure(directory, port=first.ports["balancer"] + 1)


def test_ensure_after_a_kill_sweeps_and_starts_anew(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """After kill -9 the next start ends what is left, drops the dead session's state, says so, and keeps its logs."""
    monkeypatch.setattr(start, "programs", only_aws)
    first = start.ensure(directory)
    orphans = [process for process in processes.find(directory) if process.pid != first.supervisor.pid]
    (directory / "pulumi").mkdir()
    os.kill(first.supervisor.pid, signal.SIGKILL)
    until(lambda: session.trouble(first))

    second = start.ensure(directory)

    assert session.trouble(second) is None
    assert not any(is_running(process) for process in orphans)
    assert not (directory / "pulumi").exists()
    assert (directory / "log.previous" / "aws.log").exists()
    assert "starting anew" in capfd.readouterr().err


def test_two_sandboxes_do_not_touch_one_another(tmp_path: Path, directory: Path):
    """Stopping one checkout's sandbox leaves the other's alone."""
    other = tmp_path / "other" / ".sandbox"
    start.run(make_programs(directory, aws=ANSWERING))
    state = start.run(make_programs(other, aws=ANSWERING))

    start.stop(directory)

    assert session.trouble(state) is None
    start.stop(other)


def test_stop_ends_a_start_that_is_under_way(directory: Path):
    """A stop while the children are not yet ready ends the start with an error."""
    failed: list[str] = []

    def begin() -> None:
        try:
            start.run(make_programs(directory, aws="import signal; signal.pause()"))
        except SandboxError as error:
            failed.append(str(error))

    thread = threading.Thread(target=begin)
    thread.start()
    until(lambda: (state := session.load(directory)) and state.children)
    start.stop(directory)
    thread.join(timeout=ENOUGH)

    assert failed == ["the sandbox did not start: it was stopped while it was starting"]
    assert processes.find(directory) == []


def test_pulumi_of_a_shell_belongs_to_its_sandbox(directory: Path, tmp_path: Path):
    """A pulumi started by hand in `make shell` is found by its PULUMI_HOME; other programs there are not."""
    program = tmp_path / "pulumi"
    program.symlink_to(Path(sys.executable).resolve())
    env = {**os.environ, "PULUMI_HOME": str(directory / "pulumi-home")}
    script = "import ctypes; ctypes.CDLL(None).prctl(15, b'pulumi'); " + WAITING
    children = [
        subprocess.Popen([sys.executable, "-c", text], env=env, stdout=subprocess.PIPE) for text in (script, WAITING)
    ]
    for child in children:
        assert child.stdout
        assert json.loads(child.stdout.readline())["ready"]

    assert [process.pid for process in processes.find(directory)] == [children[0].pid]
    for child in children:
        child.kill()
        child.communicate()


def test_taken_port_is_an_error_only_where_it_was_asked_for(directory: Path):
    """PORT= that is taken is refused by number; unasked, another one is used."""
    taken = ports.free_port()
    with subprocess.Popen([sys.executable, "-c", ANSWERING, str(taken)], stdout=subprocess.PIPE) as server:
        assert server.stdout
        server.stdout.readline()
        with pytest.raises(SandboxError, match=f"port {taken} is taken"):
            start.programs(directory, port=taken)
        for process in [*psutil.Process(server.pid).children(), psutil.Process(server.pid)]:
            process.kill()
    assert start.programs(directory, port=None).ports["balancer"] > 0


def test_broken_record_counts_as_none(directory: Path):
    """A record that is not what it should be never stops a start."""
    for text in ("", "[]", '{"session": 1}', "{"):
        session.write(directory, session.FILE, {})
        (directory / session.FILE).write_text(text)
        assert session.load(directory) is None
