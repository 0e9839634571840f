"""The bootstrapped environment: what it is keyed by, and what is left alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import bootstrap, locks, progress
from sandbox.errors import SandboxError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout without any pinned package, and a cache of its own."""
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "requirements-dev.txt").write_text("# nothing\n")
    return folder


def ensure(checkout: Path) -> Path:
    """The environment of the checkout's pins."""
    return bootstrap.ensure(checkout / "requirements-dev.txt", checkout)


@pytest.mark.parametrize(
    ("cache", "said"),
    [
        ("/dev/null/x", r"/dev/null/x/venv: Not a directory; .* SLIPWAY_CACHE=FOLDER"),
        ("~nosuch/x", "no home folder: set"),
    ],
)
def test_a_cache_that_cannot_be_is_one_line(
    cache: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """No home, a home that isn't there, a disk that is read-only."""
    monkeypatch.setenv("SLIPWAY_CACHE", cache)
    assert bootstrap.main([]) == 1
    assert re.fullmatch(rf"error: .*{said}.*\n", capsys.readouterr().err)


def test_key_follows_the_pins_and_the_python(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    """Another pin and another Python are another environment; the same ones are the same."""
    pins = checkout / "requirements-dev.txt"
    first = bootstrap.key(pins)
    assert bootstrap.key(pins) == first

    pins.write_text("a==1\n")
    second = bootstrap.key(pins)
    monkeypatch.setattr(sys, "base_prefix", "/elsewhere")

    assert len({first, second, bootstrap.key(pins)}) == 3


@pytest.mark.sandbox
def test_environment_is_made_once_and_linked(checkout: Path):
    """What a killed run left is made anew, works and is `.venv`; the next call makes nothing."""
    environment = bootstrap.cache_root() / "venv" / bootstrap.key(checkout / "requirements-dev.txt")
    environment.mkdir(parents=True)
    (environment / "litter").touch()

    python = ensure(checkout)
    made = environment.stat().st_mtime_ns

    assert subprocess.run([python, "-c", "import pip"], check=False).returncode == 0
    assert not (environment / "litter").exists()
    assert (checkout / ".venv").readlink() == environment
    assert ensure(checkout) == python
    assert environment.stat().st_mtime_ns == made


@pytest.mark.sandbox
def test_pin_without_hash_is_refused_with_what_pip_said(checkout: Path):
    """Nothing is installed that is not pinned by its hash, and the error shows pip's words."""
    (checkout / "requirements-dev.txt").write_text("iniconfig==2.0.0\n")

    with pytest.raises(SandboxError, match=r"(?s)could not install .*hash"):
        ensure(checkout)


def test_own_virtual_environment_is_left_alone(checkout: Path):
    """A `.venv` that somebody made by hand stays; a link is turned to the right one."""
    environment = checkout.parent / "environment"
    own = checkout / ".venv"
    own.mkdir()
    bootstrap._link(own, environment)
    assert not own.is_symlink()

    own.rmdir()
    own.symlink_to(checkout.parent / "older")
    bootstrap._link(own, environment)
    assert own.readlink() == environment


def test_old_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch):
    """Where no Python is new enough, the error says how to name one."""
    monkeypatch.setattr(sys, "version_info", (3, 8, 1))
    monkeypatch.setenv("PATH", os.devnull)

    with pytest.raises(SandboxError, match=r"is Python 3\.8\.1, Slipway needs 3\.10 or newer: .*PYTHON="):
        bootstrap.check_version()


def test_bootstrap_needs_only_the_standard_library():
    """A Python without any package, and without site-packages, can run it."""
    said = subprocess.run(
        [sys.executable, "-S", "-c", "import sandbox.bootstrap"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr


def test_lock_has_a_deadline(tmp_path: Path):
    """A lock that somebody holds is waited for, then refused by name; a folder can be one."""
    for path in (tmp_path / "a.lock", tmp_path):
        told: list[str] = []
        with (
            locks.locked(path, deadline=1),
            pytest.raises(SandboxError, match="is locked by another process"),
            locks.locked(path, deadline=0.1, waiting=lambda told=told: told.append("waiting")),
        ):
            pass
        assert told == ["waiting"]
        with locks.locked(path, deadline=1):
            pass


@pytest.mark.sandbox
def test_followed_command_is_logged_and_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Output goes to the log and the shown status follows it; one that takes too long is ended."""
    log = tmp_path / "log"
    lines: list[str] = []
    shown = progress.Progress("step")

    def status(line: str) -> str:
        lines.append(line)
        return f"{len(lines)} lines"

    command = [sys.executable, "-c", "print('a\\nb'); import sys; sys.exit(3)"]
    assert progress.follow(command, progress=shown, status=status, log=log, deadline=20) == 3
    assert lines == ["a", "b"]
    assert log.read_text() == "a\nb\n"
    assert re.search(r"step: [12] lines \(\d s\)", capsys.readouterr().err)

    forever = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(TimeoutError):
        progress.follow(forever, progress=shown, status=status, log=log, deadline=0.3)
