"""Get the engine from PATH, the cache, the official installer, or a build, in that order."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sandbox.engine import build, installer
from sandbox.errors import SandboxError
from sandbox.locks import locked
from sandbox.paths import cache_root, machine

VERSION = "v3.260.0"  # the same as that of the SDK in requirements.txt
MINIMUM = (3, 182)  # the first engine that runs resource hooks
BUILD_DEADLINE = 3600.0  # seconds for one build, on a very slow machine
PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine that works: the folder with its programs, and its version (`v3.260.0`)."""

    folder: Path
    version: str


def find() -> Engine | None:
    """Return the engine on PATH, or else the cached one; None if neither works."""
    return _on_path() or _probe(cached())


def ensure() -> Engine:
    """Return the engine; download or build it first if there is none. Raises SandboxError if that fails."""
    engine = find()
    if engine:
        return engine
    target = cached()
    with locked(
        target.with_name(f"{target.name}.lock"),
        deadline=BUILD_DEADLINE,
        waiting=lambda: _say(f"waiting for another process to put the Pulumi engine into {target}"),
    ):
        return _probe(target) or _obtain(target)


def cached() -> Path:
    """Return the folder of the cache in which an obtained engine is kept."""
    return cache_root() / "engine" / f"{VERSION}-{machine()}"


def _obtain(target: Path) -> Engine:
    with workspace(target.parent) as work:
        result = work / "engine"
        result.mkdir()
        if not installer.install(VERSION, work=work, result=result):
            _say(f"building the Pulumi engine {VERSION} with Go: only once, a few minutes")
            build.build(VERSION, work=work, result=result)
        engine = _probe(result)
        if not engine:
            raise SandboxError(f"the Pulumi engine in {result} does not report its version; try again")
        if target.exists():  # an engine that no longer works
            shutil.rmtree(target)
        result.rename(target)
    return dataclasses.replace(engine, folder=target)


@contextmanager
def workspace(parent: Path) -> Generator[Path]:
    """Make a folder beside the result (a rename needs the same file system), and remove it with all caches afterwards.

    Folders that killed processes left are removed too: the caller holds the lock, so nobody uses them.
    """
    for stale in parent.glob("building-*"):
        _remove(stale)
    work = Path(tempfile.mkdtemp(prefix="building-", dir=parent))
    try:
        yield work
    finally:
        _remove(work)


def _remove(folder: Path) -> None:
    for path, _, _ in os.walk(folder):  # Go makes its module cache read-only
        Path(path).chmod(0o755)
    shutil.rmtree(folder)


def _on_path() -> Engine | None:
    pulumi = shutil.which("pulumi")
    if not pulumi:
        return None
    engine = _probe(Path(pulumi).parent, beside=False)
    if engine and _number(engine.version) < MINIMUM:
        _say(f"{pulumi} is not used: it is {engine.version}, and resource hooks need v{MINIMUM[0]}.{MINIMUM[1]}.0")
        return None
    return engine


def _probe(folder: Path, *, beside: bool = True) -> Engine | None:
    """Return the engine in `folder` if it works, with the Python language host beside it (or anywhere on PATH)."""
    search = str(folder) if beside else f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    if not all(shutil.which(program, path=search) for program in PROGRAMS):
        return None
    try:
        said = subprocess.run(
            [str(folder / "pulumi"), "version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"},
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return Engine(folder=folder, version=said) if re.match(r"v\d+\.\d+\.\d+", said) else None


def _number(version: str) -> tuple[int, int]:
    major, minor = version[1:].split(".")[:2]
    return int(major), int(minor)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
