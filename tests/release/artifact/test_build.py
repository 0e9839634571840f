"""The build step: clean, bounded, and gone afterwards."""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from release.artifact import build
from release.artifact import temporary as folders
from release.artifact.build import Build
from release.errors import ArtifactError, BuildError
from release.source.revision import resolve
from tests.release.conftest import Clone
from tests.waiting import ENOUGH, until

pytestmark = pytest.mark.sandbox


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary directories go, so that a test sees whether one was left behind."""
    path = tmp_path / "scratch"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


def built(
    clone: Clone, command: str, destination: Path, timeout: float = 60
) -> tuple[dict[str, tarfile.TarInfo], list[str]]:
    lines: list[str] = []
    revision = resolve(str(clone.path), "HEAD")
    made = build.run(revision, Build(command=command, timeout=timeout), destination, lines.append)
    with tarfile.open(made.path) as archive:
        return {member.name: member for member in archive}, lines


def running(mark: str) -> bool:
    """Whether a process with that in its arguments is there; a build's own numbers of processes mean nothing here."""
    found = (process.info for process in psutil.process_iter(["cmdline", "status"]))
    return any(mark in (each["cmdline"] or []) and each["status"] != psutil.STATUS_ZOMBIE for each in found)


def test_the_result_is_archived(clone: Clone, scratch: Path, tmp_path: Path):
    """The command's output is streamed; its files are in the archive, with fixed modes, owners and times."""
    command = "echo building; umask 077; mkdir -p dist/empty; echo x > dist/app; chmod 711 dist/app; ln -s app dist/l"
    members, lines = built(clone, command, tmp_path / "a.tar.gz")
    assert lines == ["building"]
    assert list(members) == ["Procfile", "app.py", "dist/app", "dist/empty", "dist/l", "shop/index.html"]
    assert members["dist/app"].mode == 0o755
    assert {(member.uid, member.mtime) for member in members.values()} == {(0, 1714979289)}
    assert list(scratch.iterdir()) == []


def test_a_build_that_adds_nothing_is_the_commit(clone: Clone, scratch: Path, tmp_path: Path):
    """The same files give the same bytes, whether they come from git or from a build's directory."""
    from release.artifact import archive

    revision = resolve(str(clone.path), "HEAD")
    made = build.run(revision, Build(command="true"), tmp_path / "a.tar.gz", lambda _: None)
    assert (made.digest, made.size) == archive.digest(revision)


def test_the_environment_is_clean(clone: Clone, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No credentials, not the user's home; where packages come from, and the commit, are passed on."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "s3cret")
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.com/simple")
    sha = clone.git("rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    _, lines = built(clone, "env; ls -A ~", tmp_path / "a.tar.gz")
    said = {name: value for name, _, value in (line.partition("=") for line in lines)}
    assert "s3cret" not in "".join(lines)
    assert not [name for name in said if name.startswith("AWS_") and name != "AWS_EC2_METADATA_DISABLED"]
    assert said["SLIPWAY_SHA"] == sha
    assert said["PIP_INDEX_URL"] == "https://packages.example.com/simple"
    assert said["HOME"].startswith(str(scratch))


def test_a_failing_build(clone: Clone, scratch: Path, tmp_path: Path):
    """The error says the command, the exit status and the last lines; nothing is left behind."""
    with pytest.raises(BuildError) as caught:
        built(clone, "seq 100; echo no such module >&2; exit 3", tmp_path / "a.tar.gz")
    message = str(caught.value)
    assert "exit status 3" in message
    assert message.endswith("no such module")
    assert "82" in message
    assert "\n    81\n" not in message
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "a.tar.gz").exists()


def test_a_failure_in_a_pipe_counts(clone: Clone, scratch: Path, tmp_path: Path):
    """`false | true` fails, and so does the first of two commands."""
    for command in ("false | true", "false; true", "echo $UNSET"):
        with pytest.raises(BuildError, match="exit status 1"):
            built(clone, command, tmp_path / "a.tar.gz")


def test_a_build_that_takes_too_long(clone: Clone, scratch: Path, tmp_path: Path):
    """Its whole process group is ended at the deadline, also what ignores SIGTERM."""
    began = time.monotonic()
    with pytest.raises(BuildError, match=r"took more than 0\.5 s"):
        built(clone, "trap '' TERM; (sleep 300.1 & wait); sleep 300.1", tmp_path / "a.tar.gz", timeout=0.5)
    assert time.monotonic() - began < 100  # and not the 300 of the sleep
    assert not running("300.1")
    assert list(scratch.iterdir()) == []


def test_a_background_process_does_not_keep_it(clone: Clone, scratch: Path, tmp_path: Path):
    """A daemon the build leaves running holds its output open: the build ends, and the daemon with it."""
    began = time.monotonic()
    built(clone, "setsid sleep 300.2 & sleep 0", tmp_path / "a.tar.gz")
    assert time.monotonic() - began < 100  # and not the 300 of the sleep
    until(lambda: not running("300.2"))


@pytest.mark.sandbox
def test_ctrl_c_cleans_up(clone: Clone, scratch: Path, tmp_path: Path):
    """An interrupt ends the build's processes and removes its directory."""
    started = threading.Event()

    def interrupt() -> None:
        started.wait(timeout=ENOUGH)
        _thread.interrupt_main(signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    step = Build(command="trap '' TERM; sleep 300.3 & echo; wait; sleep 300.3")
    with pytest.raises(KeyboardInterrupt):
        build.run(resolve(str(clone.path), "HEAD"), step, tmp_path / "a.tar.gz", lambda _: started.set())
    until(lambda: not running("300.3"))
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "ln -s /usr/bin/python3 interpreter",
            "no instance has that. If it points to a deployed file, make it relative",
        ),
        ("python3 -m venv --without-pip venv", "pip install --target vendor -r requirements.txt"),
        ("mkdir -p node_modules/.bin; ln -s $PWD/app.py node_modules/.bin/app", "make it relative .`ln -sr`"),
        ("ln -s ../../x out", "outside the deployed directory"),
        ("mkfifo pipe", "socket, pipe or device"),
    ],
)
def test_results_that_cannot_be_deployed(clone: Clone, scratch: Path, tmp_path: Path, command: str, said: str):
    """Links out of the result and special files are refused, and no archive is left."""
    with pytest.raises(ArtifactError, match=said):
        built(clone, command, tmp_path / "a.tar.gz")
    assert not (tmp_path / "a.tar.gz").exists()
    assert list(scratch.iterdir()) == []


def test_the_exported_tree_is_the_commit(clone: Clone, tmp_path: Path):
    """Whatever attributes say, the build sees the bytes that are in the commit, and modes 644 and 755."""
    clone.write(".gitattributes", "* text eol=crlf\n")
    clone.write("text.txt", "one\n")
    (clone.path / "link").symlink_to("shop/index.html")
    clone.commit()
    mask = os.umask(0o077)
    try:
        build.export(resolve(str(clone.path), "HEAD"), tmp_path / "out")
    finally:
        os.umask(mask)
    assert (tmp_path / "out/text.txt").read_bytes() == b"one\n"
    assert (tmp_path / "out/app.py").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out/Procfile").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "out/link").read_text() == "<h1>shop</h1>\n"


def test_a_build_ends_with_whoever_asked_for_it(tmp_path: Path):
    """The engine kills the program on Ctrl-C: what the command started is gone all the same."""
    mark = tmp_path / "pid"
    script = (
        "import subprocess, sys\n"
        "from release import processes\n"
        "command = processes.guarded(['bash', '-c', sys.argv[1]])\n"
        "subprocess.Popen(command, stdin=subprocess.PIPE).wait()\n"
    )
    command = f"sleep 300 & echo $! > {mark}.new; mv {mark}.new {mark}; wait"
    asker = subprocess.Popen([sys.executable, "-c", script, command], start_new_session=True)
    try:
        until(mark.exists)
        started = int(mark.read_text())
        assert psutil.pid_exists(started)
    finally:
        asker.kill()
        asker.wait()
    until(lambda: _has_ended(started))


def test_what_a_killed_process_left_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A temporary folder of a process that is gone is removed, and one of a process that runs is not."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone = subprocess.Popen(["true"])
    gone.wait()
    left, used = tmp_path / f"slipway-{gone.pid}-x", tmp_path / f"slipway-{os.getpid()}-x"
    for folder in (left, used):
        folder.mkdir()
    with folders.folder() as own:
        assert own.is_dir()
    assert not left.exists()
    assert used.is_dir()


def _has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
