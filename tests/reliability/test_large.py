"""Publishing when something is off: the clock, the disk, the size; no half of a release is ever to be seen."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.engine.conftest import git
from tests.reliability.fleet import Fleet
from tests.reliability.test_faults import fault
from tests.reliability.test_traffic import awaited

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(600)]

MEMORY = 150 << 20
FILES = 100_000
SIZE = 10 << 10  # bytes each: with FILES, 1.02 GB


def committed(folder: Path, files: int) -> str:
    """A repository with that many files of SIZE bytes that differ; the SHA of its commit."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "core.compression", "0")
    body = os.urandom(SIZE - 8)
    with subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE) as importing:
        assert importing.stdin
        importing.stdin.write(b"commit refs/heads/main\ncommitter T <t@e> 1700000000 +0000\ndata 1\nx\n")
        importing.stdin.write(b"M 644 inline Procfile\ndata 21\nweb: sleep infinity #\n")
        for n in range(files):
            importing.stdin.write(b"M 644 inline d%d/f%d\ndata %d\n%08d" % (n % 100, n, SIZE, n) + body + b"\n")
    assert importing.returncode == 0
    return git(folder, "rev-parse", "main")


def publishing(fleet: Fleet, repository: Path, sha: str, *, inside: str = "", **more: str) -> subprocess.Popen[str]:
    """Begins `python -m release publish`, in the sandbox's shell."""
    command = f"exec {inside} python -m release publish {sha} --repository {repository}"
    return subprocess.Popen(
        ["bash", "-c", f'eval "$({sys.executable} -m sandbox env)" && {command}'],
        cwd=fleet.checkout,
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def watched(process: subprocess.Popen[str]) -> int:
    """Waits for its end; the most private memory, in bytes, that it and its children had at once."""
    peak = 0
    while process.poll() is None:
        try:
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            sizes = [each.memory_info() for each in family if "sandbox" not in each.cmdline()]
        except psutil.NoSuchProcess:
            continue
        peak = max(peak, sum(size.rss - size.shared for size in sizes))
        time.sleep(0.05)
    return peak


def stored(fleet: Fleet, sha: str) -> list[str]:
    """What the store holds of a release."""
    found = fleet.client("s3").list_objects_v2(Bucket=fleet.outputs()["bucket"], Prefix=f"releases/{sha}/")
    return [entry["Key"].rpartition("/")[2] for entry in found.get("Contents", [])]


def listed(fleet: Fleet, sha: str) -> bool:
    """Whether `python -m release list` has it."""
    ran = fleet.shell("python -m release list")
    assert ran.code == 0, ran.said
    return sha in ran.said


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """100,000 files, 1 GB, in one commit."""
    folder = tmp_path_factory.mktemp("large") / "repository"
    return folder, committed(folder, FILES)


def test_a_publisher_that_is_killed_leaves_nothing_to_be_seen(fleet: Fleet, large: tuple[Path, str]):
    """kill -9 in the middle of 1 GB: no object of the release is there, and nothing lists it."""
    repository, sha = large
    process = publishing(fleet, repository, sha)
    s3, bucket = fleet.client("s3"), fleet.outputs()["bucket"]
    uploading: Callable[[], bool] = lambda: bool(s3.list_multipart_uploads(Bucket=bucket).get("Uploads"))  # noqa: E731
    awaited(uploading, "no upload began", 120)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert stored(fleet, sha) == []
    assert not listed(fleet, sha)


def test_a_large_repository_is_published_in_little_memory(fleet: Fleet, large: tuple[Path, str]):
    """Also after one was killed; Python and git together stay below 150 MB."""
    repository, sha = large
    began = time.monotonic()
    process = publishing(fleet, repository, sha)
    peak = watched(process)
    said, _ = process.communicate()
    took = time.monotonic() - began
    assert process.returncode == 0, said
    assert sorted(stored(fleet, sha)) == ["artifact.tar.gz", "manifest.json"]
    assert listed(fleet, sha)
    print(f"FIGURE row 11 large: {took:.1f} s, {peak / 1e6:.0f} MB at most")
    assert peak < MEMORY


def test_a_disk_that_is_full_is_an_error_with_a_name(fleet: Fleet, tmp_path: Path):
    """In 4 MB of temporary space 10 MB cannot be archived: it says so, and nothing is published."""
    inside = "unshare --map-root-user --mount"
    if not shutil.which("unshare") or subprocess.run([*inside.split(), "true"], check=False).returncode:
        pytest.skip("no mount namespaces here")
    sha = committed(tmp_path / "app", 1000)
    small = tmp_path / "small"
    small.mkdir()
    mounted = f"""{inside} bash -c 'mount -t tmpfs -o size=4m none {small} && TMPDIR={small} exec "$@"' --"""
    process = publishing(fleet, tmp_path / "app", sha, inside=mounted)
    said, _ = process.communicate(timeout=120)
    print(f"FIGURE row 11 full disk: {said.strip()}")
    assert process.returncode != 0
    assert "No space left on device" in said
    assert "TMPDIR" in said
    assert "Traceback" not in said
    assert stored(fleet, sha) == []


def test_a_clock_that_is_off_is_an_error_with_a_name(fleet: Fleet):
    """AWS refuses all that is signed by it; `up` says so, and the fleet is as it was."""
    good, serving = fleet.serves(), set(fleet.instances())
    sha = fleet.release("good")
    fault(fleet, "clock", "1000")
    try:
        ran = fleet.deploy(sha)
    finally:
        fault(fleet, "clear")
    assert ran.code != 0
    assert "Signature expired" in ran.said
    assert "this machine's clock" in ran.said
    assert "Traceback" not in ran.said
    assert set(fleet.instances()) == serving
    fleet.whole(good)
    assert fleet.deploy(sha).code == 0
