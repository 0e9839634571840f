"""Reads the files of a revision as they are in git's object database.

No checkout filter, attribute (`export-subst`, `export-ignore`, `eol`, `filter`) or setting (`core.autocrlf`) changes
them, so the same commit has the same bytes on every machine.
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
from release.text import shown_path

CHUNK = 1 << 20
READ_TIMEOUT = 1800.0
"""Seconds that reading one commit may take."""

_LFS = b"version https://git-lfs.github.com/spec/v1"
_LFS_LARGEST = 200
_BOUNDS = (
    *("-c", "core.bigFileThreshold=8m"),
    *("-c", "core.packedGitWindowSize=16m"),
    *("-c", "core.packedGitLimit=64m"),
    *("-c", "core.deltaBaseCacheLimit=32m"),
)


@dataclass(frozen=True)
class File:
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
        return shown_path(self.path)


def listed(revision: Revision) -> Iterator[File]:
    """Yield the files and links of a revision in the byte order of their paths.

    Raises ArtifactError for what can't be deployed: a submodule, a path that can't be unpacked, no files at all.
    """
    listing = ["ls-tree", "-r", "-z", "-l", "--full-tree", revision.tree]
    found = False
    with _git(revision.repository, listing, revision) as process:
        for record in _records(_pipe(process.stdout)):
            found = True
            yield _file(record, revision)
    if not found:
        raise ArtifactError(f"{revision.where}: there are no files to deploy: name another directory or commit")


def _file(record: bytes, revision: Revision) -> File:
    described, _, path = record.partition(b"\t")
    mode, kind, blob, size = described.split()
    if kind == b"commit":
        raise ArtifactError(
            f"{revision.where}: {shown_path(path)} is a submodule, whose files are not in the commit: "
            "copy them in (git subtree), or fetch them in a build step of a commit without it"
        )
    if not {b"", b".", b"..", b".git"}.isdisjoint(path.lower().split(b"/")):
        raise ArtifactError(f"{revision.where}: {shown_path(path)} is not a path that can be unpacked: rename it")
    if not size.isdigit():  # git prints `-` for a missing blob, `BAD` for a damaged one
        raise ArtifactError(f"{revision.where}: {_missing(shown_path(path))}")
    return File(path, mode, blob.decode(), int(size))


class Contents:
    """Reads files, one after the other, from one `git cat-file --batch`."""

    def __init__(self, process: subprocess.Popen[bytes], revision: Revision) -> None:
        self._input = _pipe(process.stdin)
        self._output = _pipe(process.stdout)
        self._revision = revision

    def chunks(self, file: File) -> Iterator[bytes]:
        """Yield the bytes of a file. Raises ArtifactError if it is missing, or only a Git LFS pointer."""
        with contextlib.suppress(BrokenPipeError):  # if git has ended, the answer below is empty
            self._input.write(file.blob.encode() + b"\n")
            self._input.flush()
        answer = self._output.readline().split()
        if len(answer) != 3 or answer[1] != b"blob" or int(answer[2]) != file.size:
            raise ArtifactError(f"{self._revision.where}: {_missing(file.shown)}")
        left = file.size
        while left:
            chunk = self._output.read(min(CHUNK, left))
            if not chunk:
                raise ArtifactError(f"{self._revision.where}: git ended while it read {file.shown}")
            if file.size < _LFS_LARGEST and chunk.startswith(_LFS):
                raise ArtifactError(
                    f"{self._revision.where}: {file.shown} is a Git LFS pointer, not the file: commit the file "
                    f"itself (`git lfs migrate export --include={file.shown}`), or fetch it in a build step"
                )
            left -= len(chunk)
            yield chunk
        self._output.read(1)

    def read(self, file: File) -> bytes:
        """Return all of a small file (a link's target, a Procfile)."""
        return b"".join(self.chunks(file))


@contextmanager
def contents(revision: Revision) -> Generator[Contents]:
    """Open the contents of a revision's files; the git process that reads them ends with the block."""
    with _git(revision.repository, ["cat-file", "--batch"], revision) as process:
        yield Contents(process, revision)


def read_file(revision: Revision, name: str) -> str | None:
    """Return a text file of the deployed directory, or None if the commit has no file of that name."""
    listed = revision.repository.git("ls-tree", "-z", "-l", "--full-tree", revision.tree)
    for record in filter(None, listed.split(b"\0")):
        if record.partition(b"\t")[2] == name.encode():
            file = _file(record, revision)
            if file.mode not in (b"100644", b"100755"):
                raise ArtifactError(f"{revision.where}: {name} is not a regular file")
            with contents(revision) as reader:
                return reader.read(file).decode("utf-8", "replace")
    return None


@contextmanager
def _git(repository: Repository, arguments: Sequence[str], revision: Revision) -> Generator[subprocess.Popen[bytes]]:
    # Above bigFileThreshold git streams a blob instead of loading it; the windows bound how much of a pack it maps.
    process = subprocess.Popen(
        ["git", *git_command.PLAIN, *_BOUNDS, *repository.select, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=git_command.environment(own=repository.cached),
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
        raise ArtifactError(f"{revision.where}: git {arguments[0]}: {git_command.reason(errors) or status}")


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
    return f"{name} is missing or damaged in this clone: clone the repository again, completely (without --filter)"
