"""Where the engine comes from: PATH, the cache, the official installer, or else a build."""

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

VERSION = "v3.259.0"  # of the SDK in requirements.txt too
MINIMUM = (3, 182)  # the first engine that runs resource hooks
BUILD_DEADLINE = 3600.0  # seconds for one build, on the slowest of machines
PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine that answers: the folder that holds its programs, and its version (`v3.259.0`)."""

    folder: Path
    version: str


def find() -> Engine | None:
    """The engine of PATH, else the cached one; None where neither serves."""
    return _on_path() or _probe(cached())


def ensure() -> Engine:
    """The engine, fetched or built first where there is none. Raises SandboxError where that fails."""
    engine = find()
    if engine:
        return engine
    target = cached()
    with locked(
        target.with_name(f"{target.name}.lock"),
        deadline=BUILD_DEADLINE,
        waiting=lambda: _say(f"waiting: another process puts the Pulumi engine into {target}"),
    ):
        return _probe(target) or _obtain(target)


def cached() -> Path:
    """The folder of the cache that the engine lies in once it was obtained."""
    return cache_root() / "engine" / f"{VERSION}-{machine()}"


def _obtain(target: Path) -> Engine:
    with _workspace(target.parent) as work:
        result = work / "engine"
        result.mkdir()
        if not installer.install(VERSION, work=work, result=result):
            _say(f"building the Pulumi engine {VERSION} with Go: once, a few minutes")
            build.build(VERSION, work=work, result=result)
        engine = _probe(result)
        if not engine:
            raise SandboxError(f"the Pulumi engine in {result} does not say its version; try again")
        if target.exists():  # one that no longer answers
            shutil.rmtree(target)
        result.rename(target)
    return dataclasses.replace(engine, folder=target)


@contextmanager
def _workspace(parent: Path) -> Generator[Path]:
    """A folder beside the result (a rename needs the same file system), gone afterwards with all its caches.

    Those of processes that were killed are removed too: the caller holds the lock, so they are nobody's.
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
        _say(f"{pulumi} is {engine.version}, resource hooks need v{MINIMUM[0]}.{MINIMUM[1]}.0: not used")
        return None
    return engine


def _probe(folder: Path, *, beside: bool = True) -> Engine | None:
    """The engine in `folder` if it runs and its Python language host is there (or, not `beside`, on PATH)."""
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
