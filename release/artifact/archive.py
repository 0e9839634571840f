"""A revision becomes an artifact: an archive whose bytes follow from the commit alone (docs/adr/0004)."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import IO, cast

from release.artifact.tarball import Tarball
from release.errors import ArtifactError
from release.source import files, links
from release.source.revision import Revision
from release.text import shown_path


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """An archive on disk: its SHA-256 in hex, and its size in bytes."""

    path: Path
    digest: str
    size: int


class _Nowhere(RawIOBase):
    """A sink for when only the digest is wanted."""

    def write(self, data: object, /) -> int:
        return len(cast("bytes", data))


def write(revision: Revision, destination: Path) -> Artifact:
    """Archive the revision's files into the file `destination`, which must not exist yet.

    Nothing is held whole, whatever the size. ArtifactError for a submodule, a Git LFS pointer, a link that leads out,
    or no files; nothing is left behind then.
    """
    with _fresh(destination) as sink:
        digest, size = _archive(revision, sink)
    return Artifact(path=destination, digest=digest, size=size)


def digest(revision: Revision) -> tuple[str, int]:
    """Digest and size of the archive that `build` would make, without writing it anywhere."""
    return _archive(revision, cast("IO[bytes]", _Nowhere()))


def write_directory(directory: Path, destination: Path, *, mtime: int, where: str) -> Artifact:
    """Archive a directory on disk (a build's result) the same way: order, modes, owners and times are fixed."""
    with _fresh(destination) as sink:
        archive = Tarball(sink, mtime=mtime)
        targets: dict[bytes, bytes] = {}
        for path in _walk(os.fsencode(directory), b"", where):
            _add(archive, os.fsencode(directory), path, targets)
        links.check(targets, where, os.fsencode(directory))
        hexdigest = archive.close()
    return Artifact(path=destination, digest=hexdigest, size=archive.size)


def file_digest(stream: IO[bytes]) -> str:
    """SHA-256, in hex, of what is left of a stream."""
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
    """A file made anew and, where what writes it fails, removed."""

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
            mend = "set TMPDIR to where there is room for the archive" if full else "let the build leave it readable"
            raise ArtifactError(f"{error.filename or self._path}: {error.strerror}: {mend}") from error


def _walk(top: bytes, inside: bytes, where: str) -> Iterator[bytes]:
    """Paths of files, links and empty directories, in the order of their bytes, as git orders them."""

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
