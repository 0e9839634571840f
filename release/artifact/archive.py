"""Makes artifacts: archives whose bytes depend on the commit alone (docs/adr/0004)."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from release.artifact.tarball import Tarball
from release.errors import ArtifactError
from release.source import files, links
from release.source.revision import Revision
from release.text import shown_path

if TYPE_CHECKING:
    from _typeshed import SupportsRead


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """An archive on disk: `digest` is its SHA-256 in hex, `size` in bytes."""

    path: Path
    digest: str
    size: int


class _Nowhere(RawIOBase):
    """A sink for when only the digest is needed."""

    def write(self, data: object, /) -> int:
        return len(cast("bytes", data))


def write(revision: Revision, destination: Path) -> Artifact:
    """Archive the revision's files into the file `destination`, which must not exist yet, in little memory.

    Raises ArtifactError, and leaves no file, for a submodule, a Git LFS pointer, a link that leads out, or no files.
    """
    with _fresh(destination) as sink:
        digest, size = _archive(revision, sink)
    return Artifact(path=destination, digest=digest, size=size)


def digest(revision: Revision) -> tuple[str, int]:
    """Return the digest and size of the archive that `write` would make, without writing it."""
    return _archive(revision, cast("IO[bytes]", _Nowhere()))


def write_directory(directory: Path, destination: Path, *, mtime: int, where: str) -> Artifact:
    """Archive a directory on disk (a build's result) with fixed order, modes, owners and times, as `write` does."""
    with _fresh(destination) as sink:
        archive = Tarball(sink, mtime=mtime)
        targets: dict[bytes, bytes] = {}
        for path in _walk(os.fsencode(directory), b"", where):
            _add(archive, os.fsencode(directory), path, targets)
        links.check(targets, where, os.fsencode(directory))
        hexdigest = archive.close()
    return Artifact(path=destination, digest=hexdigest, size=archive.size)


def file_digest(stream: SupportsRead[bytes]) -> str:
    """Return the SHA-256, in hex, of the rest of a stream."""
    hashed = hashlib.sha256()
    while chunk := stream.read(files.CHUNK):
        hashed.update(chunk)
    return hashed.hexdigest()


def _archive(revision: Revision, sink: IO[bytes]) -> tuple[str, int]:
    archive = Tarball(sink, mtime=int(revision.committed.timestamp()))
    targets: dict[bytes, bytes] = {}
    with files.contents(revision) as reader:
        for file in files.listed(revision):
            if file.is_link:
                targets[file.path] = reader.read(file)
                archive.link(file.path, targets[file.path])
            else:
                chunks = reader.chunks(file)
                archive.file(file.path, size=file.size, executable=file.executable, chunks=chunks)
    links.check(targets, revision.where)
    return archive.close(), archive.size


class _fresh:
    """A new file that is removed if writing it fails."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> IO[bytes]:
        try:
            self._stream = self._path.open("xb", buffering=files.CHUNK)
        except OSError as error:
            raise ArtifactError(f"{self._path}: {error.strerror}: choose another place for the archive") from None
        return self._stream

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        try:
            self._stream.close()
        except OSError as unwritten:
            error = error or unwritten
        if error is not None:
            self._path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            advice = "set TMPDIR to a folder with more room" if full else "let the build leave it readable"
            raise ArtifactError(f"{error.filename or self._path}: {error.strerror}: {advice}") from error


def _walk(top: bytes, inside: bytes, where: str) -> Iterator[bytes]:
    """Yield the paths of files, links and empty directories in byte order, as git does."""

    def order(item: os.DirEntry[bytes]) -> bytes:
        return item.name + (b"/" if item.is_dir(follow_symlinks=False) else b"")

    with os.scandir(os.path.join(top, inside)) as scanned:  # noqa: PTH118 - bytes, which pathlib refuses
        found = sorted(scanned, key=order)
    for item in found:
        path = inside + item.name
        mode = item.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            with os.scandir(item.path) as below:
                empty = next(below, None) is None
            yield from [path] if empty else _walk(top, path + b"/", where)
        elif stat.S_ISREG(mode) or stat.S_ISLNK(mode):
            yield path
        else:
            raise ArtifactError(f"{where}: {shown_path(path)} is a socket, pipe or device: let the build remove it")


def _add(archive: Tarball, top: bytes, path: bytes, targets: dict[bytes, bytes]) -> None:
    full = os.path.join(top, path)  # noqa: PTH118 - bytes, which pathlib refuses
    status = os.lstat(full)
    if stat.S_ISLNK(status.st_mode):
        targets[path] = os.readlink(full)  # noqa: PTH115 - bytes
        archive.link(path, targets[path])
    elif stat.S_ISDIR(status.st_mode):
        archive.directory(path)
    else:
        with open(full, "rb") as stream:  # noqa: PTH123 - bytes
            read: Callable[[], bytes] = lambda: stream.read(files.CHUNK)  # noqa: E731
            executable = bool(status.st_mode & 0o111)
            archive.file(path, size=status.st_size, executable=executable, chunks=iter(read, b""))
