"""Writes a gzipped tar archive whose bytes depend only on what is put in.

Python's `tarfile` and zlib both changed their output between versions, and zlib-ng's differs from zlib's. So the few
headers are written here (POSIX.1-2001 "pax" interchange format), and the gzip stream (RFC 1952) has only stored blocks
(RFC 1951, 3.2.4): any tool unpacks it, and its bytes depend on no compressor.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from typing import IO

_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])  # no name, no time, unknown system
_STORED_BLOCK = 65535
_RECORD = 512
_LARGEST = 8**11 - 1
"""The most bytes that a size field of 11 octal digits can hold; more needs a pax record."""


class Tarball:
    """Writes to `sink`, with one chunk in memory. Every entry has the time `mtime` and the owner 0:0."""

    def __init__(self, sink: IO[bytes], *, mtime: int) -> None:
        self._sink = sink
        self._mtime = max(0, mtime)
        self._pending = bytearray()
        self._crc = 0
        self._length = 0
        self._hash = hashlib.sha256()
        self.size = 0
        self._emit(_GZIP_HEADER)

    def file(self, path: bytes, *, size: int, executable: bool, chunks: Iterable[bytes]) -> None:
        """Add a regular file of mode 755 or 644. Raises ValueError unless `chunks` have exactly `size` bytes."""
        self._header(path, size=size, mode=0o755 if executable else 0o644, kind=b"0")
        written = 0
        for chunk in chunks:
            written += len(chunk)
            self._write(chunk)
        if written != size:
            raise ValueError(f"{path!r}: {written} bytes came, {size} were announced")
        self._write(bytes(-size % _RECORD))

    def link(self, path: bytes, target: bytes) -> None:
        """Add a symbolic link."""
        self._header(path, size=0, mode=0o777, kind=b"2", target=target)

    def directory(self, path: bytes) -> None:
        """Add a directory; only an empty one needs that."""
        self._header(path + b"/", size=0, mode=0o755, kind=b"5")

    def close(self) -> str:
        """End the archive; return the SHA-256, in hex, of everything written. The sink stays open."""
        self._write(bytes(2 * _RECORD))
        self._block(bytes(self._pending), last=True)
        self._emit(struct.pack("<II", self._crc, self._length & 0xFFFFFFFF))
        return self._hash.hexdigest()

    def _header(self, path: bytes, *, size: int, mode: int, kind: bytes, target: bytes = b"") -> None:
        extended: dict[str, bytes] = {}
        split = _split(path)
        if split is None:
            extended["path"] = path
        if len(target) > 100:
            extended["linkpath"] = target
        if size > _LARGEST:
            extended["size"] = str(size).encode()
        if extended:
            body = b"".join(_pax(key, value) for key, value in sorted(extended.items()))
            self._write(_ustar((b"", b"PaxHeader"), size=len(body), mode=0o644, kind=b"x", mtime=self._mtime))
            self._write(body + bytes(-len(body) % _RECORD))
        fields = {"size": min(size, _LARGEST), "mode": mode, "mtime": self._mtime}
        self._write(_ustar(split or (b"", path[:100]), **fields, kind=kind, target=target[:100]))

    def _write(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        self._length += len(data)
        self._pending += data
        # Blocks are cut by position alone, so that they don't depend on how the data came.
        while len(self._pending) > _STORED_BLOCK:
            self._block(bytes(self._pending[:_STORED_BLOCK]), last=False)
            del self._pending[:_STORED_BLOCK]

    def _block(self, data: bytes, *, last: bool) -> None:
        self._emit(struct.pack("<BHH", int(last), len(data), len(data) ^ 0xFFFF) + data)

    def _emit(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)
        self._sink.write(data)


def _split(path: bytes) -> tuple[bytes, bytes] | None:
    """Split a path into ustar's prefix and name; return None if it does not fit."""
    if len(path) <= 100:
        return b"", path
    cut = path.find(b"/", max(0, len(path) - 101))
    if 0 < cut <= 155 and cut + 1 < len(path):
        return path[:cut], path[cut + 1 :]
    return None


def _pax(key: str, value: bytes) -> bytes:
    """Return one record, "<length> <key>=<value>\\n"; the length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return f"{length} {key}=".encode() + value + b"\n"


def _ustar(name: tuple[bytes, bytes], *, size: int, mode: int, kind: bytes, mtime: int, target: bytes = b"") -> bytes:
    fields = (
        name[1].ljust(100, b"\0"),
        b"%07o\0" % mode,
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"%011o\0" % size,
        b"%011o\0" % mtime,
        b" " * 8,
        kind,
        target.ljust(100, b"\0"),
        b"ustar\00000",
        bytes(32 + 32),
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        name[0].ljust(155, b"\0"),
        bytes(12),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
