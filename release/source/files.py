"""The files of a revision, as they are in git's object database.

Blobs are read raw: no checkout filter, attribute (`export-subst`, `export-ignore`, `eol`, `filter`) or setting
(`core.autocrlf`) has a say, so the same commit is the same bytes on every machine.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from release import processes
from release.errors import ArtifactError
from release.source import git_command
from release.source.repository import Repository
from release.source.revision import Revision

CHUNK = 1 << 20
READ_TIMEOUT = 1800.0
"""Seconds that reading one commit may take."""

_LFS = b"version https://git-lfs.github.com/spec/v1"
_LFS_LARGEST = 200
_MAX_HOPS = 40
_BOUNDS = (
    *("-c", "core.bigFileThreshold=8m"),
    *("-c", "core.packedGitWindowSize=16m"),
    *("-c", "core.packedGitLimit=64m"),
    *("-c", "core.deltaBaseCacheLimit=32m"),
)


@dataclass(frozen=True)
class Entry:
    """One file or symbolic link, by its path from the deployed directory (bytes: git knows no encoding)."""

    path: bytes
    mode: bytes
    blob: str
    size: int

    @property
    def is_link(self) -> bool:
        return self.mode == b"120000"

    @property
    def executable(self) -> bool:
        return self.mode == b"100755"

    @property
    def shown(self) -> str:
        return shown(self.path)


def shown(path: bytes) -> str:
    """A path for people: odd bytes escaped."""
    return path.decode("utf-8", "backslashreplace").encode("unicode_escape").decode("ascii")


def entries(revision: Revision) -> Iterator[Entry]:
    """Every file of it, in the order of their bytes, one at a time. ArtifactError for what can't be deployed."""
    listing = ["ls-tree", "-r", "-z", "-l", "--full-tree", revision.tree]
    found = False
    with _git(revision.source, listing, revision) as process:
        for record in _records(_pipe(process.stdout)):
            found = True
            yield _entry(record, revision)
    if not found:
        raise ArtifactError(f"{_where(revision)}: there are no files to deploy: name another directory or commit")


def _entry(record: bytes, revision: Revision) -> Entry:
    described, _, path = record.partition(b"\t")
    mode, kind, blob, size = described.split()
    if kind == b"commit":
        raise ArtifactError(
            f"{_where(revision)}: {shown(path)} is a submodule, whose files are not in the commit: "
            "copy them in (git subtree), or fetch them in a build step of a commit without it"
        )
    if not {b"", b".", b"..", b".git"}.isdisjoint(path.lower().split(b"/")):
        raise ArtifactError(f"{_where(revision)}: {shown(path)} is not a path that can be unpacked: rename it")
    if not size.isdigit():  # `-` of one that isn't there, `BAD` of one that can't be read
        raise ArtifactError(f"{_where(revision)}: {_missing(shown(path))}")
    return Entry(path, mode, blob.decode(), int(size))


class Blobs:
    """Reads blobs, one after the other, from one `git cat-file --batch`."""

    def __init__(self, process: subprocess.Popen[bytes], revision: Revision) -> None:
        self._input = _pipe(process.stdin)
        self._output = _pipe(process.stdout)
        self._revision = revision

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """The bytes of a file; ArtifactError where it is a pointer that Git LFS left behind, or isn't there."""
        with contextlib.suppress(BrokenPipeError):  # where git has ended, there is no answer either
            self._input.write(entry.blob.encode() + b"\n")
            self._input.flush()
        answer = self._output.readline().split()
        if len(answer) != 3 or answer[1] != b"blob" or int(answer[2]) != entry.size:
            raise ArtifactError(f"{_where(self._revision)}: {_missing(entry.shown)}")
        left = entry.size
        while left:
            chunk = self._output.read(min(CHUNK, left))
            if not chunk:
                raise ArtifactError(f"{_where(self._revision)}: git ended while it read {entry.shown}")
            if entry.size < _LFS_LARGEST and chunk.startswith(_LFS):
                raise ArtifactError(
                    f"{_where(self._revision)}: {entry.shown} is a Git LFS pointer, not the file: commit the file "
                    f"itself (`git lfs migrate export --include={entry.shown}`), or fetch it in a build step"
                )
            left -= len(chunk)
            yield chunk
        self._output.read(1)

    def read(self, entry: Entry) -> bytes:
        """All of a small file (a link's target, a Procfile)."""
        return b"".join(self.chunks(entry))


@contextmanager
def blobs(revision: Revision) -> Generator[Blobs]:
    """A reader of the revision's blobs; its git process ends with the block."""
    with _git(revision.source, ["cat-file", "--batch"], revision) as process:
        yield Blobs(process, revision)


def read_file(revision: Revision, name: str) -> str | None:
    """A text file of the deployed directory; None where the commit has none of that name."""
    listed = revision.source.git("ls-tree", "-z", "-l", "--full-tree", revision.tree)
    for record in filter(None, listed.split(b"\0")):
        if record.partition(b"\t")[2] == name.encode():
            entry = _entry(record, revision)
            if entry.mode not in (b"100644", b"100755"):
                raise ArtifactError(f"{_where(revision)}: {name} is not a plain file")
            with blobs(revision) as reader:
                return reader.read(entry).decode("utf-8", "replace")
    return None


def check_links(links: dict[bytes, bytes], where: str, built_in: bytes = b"") -> None:
    """ArtifactError for the first symbolic link (target by path) that leads out of the tree, also by way of others.

    `built_in` is the folder that a build ran in, where it was one.
    """
    for path, target in links.items():
        if target.startswith(b"/"):
            what = f"{where}: {shown(path)} is a link to {shown(target)}"
            raise ArtifactError(f"{what}{_made_relative(path, target, built_in)}")
        if _leaves(path, links):
            raise ArtifactError(
                f"{where}: {shown(path)} is a link to {shown(target)}, outside of what is deployed: "
                "point it inside, or deploy the directory above"
            )


def _made_relative(path: bytes, target: bytes, built_in: bytes) -> str:
    """What to do about a link to an absolute path."""
    folder, _, name = path.rpartition(b"/")
    if folder.endswith(b"bin") and name.startswith((b"python", b"pypy")):
        return (
            ", the Python of the machine that built it: a virtual environment can't be moved. Let the build run "
            "`python3 -m pip install --target vendor -r requirements.txt` instead, and begin the Procfile's command "
            "with `PYTHONPATH=vendor python3 …`"
        )
    if built_in and (target + b"/").startswith(built_in.rstrip(b"/") + b"/"):
        return ", in the folder of the build, which no instance has: make it relative (`ln -sr`, not `ln -s`)"
    if built_in:
        return (
            ", on the machine that built it: no instance has that. Make it relative where it points to what is "
            f"deployed, else let the build end with a copy (`cp --remove-destination $(readlink -f {shown(path)}) "
            f"{shown(path)}`) or remove it"
        )
    return ": make it relative (`ln -sr`), or commit the file itself"


def _leaves(path: bytes, links: dict[bytes, bytes]) -> bool:
    reached: list[bytes] = []
    todo = path.split(b"/")[::-1]
    hops = 0
    while todo:
        part = todo.pop()
        if part in (b"", b"."):
            continue
        if part == b"..":
            if not reached:
                return True
            reached.pop()
            continue
        target = links.get(b"/".join([*reached, part]))
        if target is None:
            reached.append(part)
            continue
        hops += 1
        if hops > _MAX_HOPS:  # a loop leads nowhere, and so not out
            return False
        todo.extend(target.split(b"/")[::-1])
    return False


@contextmanager
def _git(source: Repository, arguments: Sequence[str], revision: Revision) -> Generator[subprocess.Popen[bytes]]:
    # Above bigFileThreshold git streams a blob instead of holding it; the windows bound what it maps of its packs.
    process = subprocess.Popen(
        ["git", *git_command.PLAIN, *_BOUNDS, *source.select, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=git_command.environment(own=source.cached),
        bufsize=CHUNK,
        start_new_session=True,
    )
    deadline = threading.Timer(READ_TIMEOUT, processes.end_group, [process])
    deadline.daemon = True
    deadline.start()
    finished = False
    try:
        yield process
        finished = True
    finally:
        deadline.cancel()
        with contextlib.suppress(BrokenPipeError):
            _pipe(process.stdin).close()
        if not finished:
            processes.end_group(process)
        errors = _pipe(process.stderr).read().decode("utf-8", "replace")
        _pipe(process.stdout).close()
        _pipe(process.stderr).close()
        status = process.wait(timeout=30)
    if status != 0:
        raise ArtifactError(f"{_where(revision)}: git {arguments[0]}: {git_command.reason(errors) or status}")


def _records(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("the process was started without this pipe")
    return stream


def _missing(name: str) -> str:
    return f"{name} is missing or damaged in this clone: clone it anew, and whole (no --filter)"


def _where(revision: Revision) -> str:
    inside = f", directory {revision.directory}" if revision.directory else ""
    return f"{revision.repository} at {revision.sha[:12]}{inside}"
