"""The archive's bytes: any tool reads them, and nothing but the content has a say in them."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.artifact.tarball import Tarball


def packed(files: dict[bytes, bytes], cut: int = 1 << 20) -> bytes:
    sink = io.BytesIO()
    archive = Tarball(sink, mtime=1_700_000_000)
    for path, content in files.items():
        chunks = [content[start : start + cut] for start in range(0, len(content), cut)]
        archive.file(path, size=len(content), executable=False, chunks=chunks)
    digest = archive.close()
    assert digest == hashlib.sha256(sink.getvalue()).hexdigest()
    assert archive.size == len(sink.getvalue())
    return sink.getvalue()


def unpacked(data: bytes) -> dict[bytes, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz", encoding="utf-8", errors="surrogateescape") as archive:
        return {
            member.name.encode("utf-8", "surrogateescape"): stream.read()
            for member in archive
            if (stream := archive.extractfile(member))
        }


component = st.binary(min_size=1, max_size=255).filter(
    lambda part: b"/" not in part and b"\0" not in part and part not in (b".", b"..")
)
paths = st.lists(component, min_size=1, max_size=6).map(b"/".join)


@given(st.dictionaries(paths, st.binary(max_size=2000), max_size=8))
def test_what_goes_in_comes_out(files: dict[bytes, bytes]):
    """Any paths (long, not UTF-8, with newlines) and contents are read back by Python's tarfile."""
    assert unpacked(packed(files)) == files


@given(st.binary(max_size=200_000), st.integers(min_value=1, max_value=70_000))
def test_chunks_have_no_say(content: bytes, cut: int):
    """However a file's content is cut on its way in, the archive is the same."""
    assert packed({b"file": content}, cut) == packed({b"file": content})


def test_a_golden_digest():
    """The format is frozen: another digest here would make every published commit seem changed."""
    data = packed({b"a": b"one\n", b"d/" + b"e" * 120: b"x" * 100_000, b"f" * 101: b"", b"\xff": b"odd"})
    assert hashlib.sha256(data).hexdigest() == "e0db34fa937c0270471b863e06e0867b8f1ee637f58b8a61249de8d49492a09b"


def test_gnu_tar_reads_it(tmp_path: Path):
    """What an instance unpacks with: modes, links, long names and an empty directory arrive; gzip finds it sound."""
    path = tmp_path / "a.tar.gz"
    long = b"d" * 90 + b"/" + b"e" * 130 + b"/" + b"f" * 130
    with path.open("wb") as sink:
        archive = Tarball(sink, mtime=1_700_000_000)
        archive.directory(b"empty")
        archive.file(long, size=70_000, executable=True, chunks=[b"x" * 70_000])
        archive.link(b"link", b"../" * 40 + b"x")
        archive.link(b"short", long)
        archive.close()
    subprocess.run(["gzip", "--test", str(path)], check=True)
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run(["tar", "-xzf", str(path), "-C", str(out)], capture_output=True, check=True)
    assert done.stderr == b""
    assert (out / long.decode()).stat().st_mode & 0o777 == 0o755
    assert (out / "short").read_bytes() == b"x" * 70_000
    assert (out / "link").readlink() == Path("../" * 40 + "x")
    assert list((out / "empty").iterdir()) == []
    assert int((out / long.decode()).stat().st_mtime) == 1_700_000_000


def test_more_than_8_gib_is_said_in_a_pax_record():
    """The header of a file too large for ustar's size field carries its true size."""
    sink = io.BytesIO()
    archive = Tarball(sink, mtime=0)
    with pytest.raises(ValueError, match="0 bytes came"):
        archive.file(b"big", size=9 << 30, executable=False, chunks=[])
    archive.close()
    assert f"size={9 << 30}\n".encode() in gzip.decompress(sink.getvalue())
