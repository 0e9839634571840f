"""A commit is one archive, whoever makes it and wherever."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from release.artifact import archive
from release.errors import ArtifactError
from release.source.files import read_file
from release.source.revision import resolve
from tests.release.conftest import Clone

pytestmark = pytest.mark.sandbox

DIGEST = """
import sys
from release.artifact.archive import digest
from release.source.revision import resolve
print(digest(resolve(*sys.argv[1:]))[0])
"""


def digest_elsewhere(*arguments: str, umask: int = 0o022, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", DIGEST, *arguments],
        env={**os.environ, **environment},
        umask=umask,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def refused(clone: Clone, directory: str = "") -> str:
    destination = clone.path.parent / "refused.tar.gz"
    with pytest.raises(ArtifactError) as caught:
        archive.write(resolve(str(clone.path), "HEAD", directory), destination)
    assert not destination.exists()
    return str(caught.value)


def test_the_archive_of_a_commit(clone: Clone, tmp_path: Path):
    """Files, modes, owners and times are the commit's; digest and size are the file's."""
    clone.write(".gitattributes", "app.py export-ignore\n")
    clone.commit()
    made = archive.write(resolve(str(clone.path), "HEAD"), tmp_path / "a.tar.gz")
    assert made.digest == hashlib.sha256(made.path.read_bytes()).hexdigest()
    assert made.size == made.path.stat().st_size
    with tarfile.open(made.path) as opened:
        members = {member.name: member for member in opened}
    assert list(members) == [".gitattributes", "Procfile", "app.py", "shop/index.html"]
    assert (members["app.py"].mode, members["Procfile"].mode) == (0o755, 0o644)
    assert {(member.uid, member.gid, member.mtime) for member in members.values()} == {(0, 0, 1714979289)}
    assert archive.digest(resolve(str(clone.path), "HEAD")) == (made.digest, made.size)


def test_same_bytes_everywhere(clone: Clone, tmp_path: Path):
    """Two clones, another umask, time zone, locale and git configuration: one digest."""
    clone.write("text.txt", b"one\r\ntwo\n$Format:%H$ $Id$\n")
    clone.write(".gitattributes", "* text=auto eol=crlf export-subst ident\nshop export-ignore\n")
    clone.write("naïve/ü.txt", "ü")
    clone.commit()
    url = f"file://{clone.path}"
    subprocess.run(["git", "clone", "--quiet", url, str(tmp_path / "two")], check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", "--depth=1", url, str(tmp_path / "three")], check=True)
    configuration = tmp_path / "odd-config"
    configuration.write_text(
        "[core]\n autocrlf = true\n quotePath = false\n abbrev = 4\n bigFileThreshold = 1\n symlinks = false\n"
        "[tar]\n umask = 0077\n[log]\n date = relative\n showSignature = true\n[color]\n ui = always\n"
    )
    expected = archive.digest(resolve(str(clone.path), "HEAD"))[0]
    odd = {"GIT_CONFIG_GLOBAL": str(configuration), "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    assert digest_elsewhere(str(tmp_path / "two"), "HEAD", umask=0o077, TZ="Asia/Tokyo", **odd) == expected
    assert digest_elsewhere(str(tmp_path / "three"), "HEAD", LC_ALL="C.UTF-8", TZ="America/New_York") == expected
    assert digest_elsewhere(url, "main", umask=0o002) == expected


def test_odd_names(clone: Clone, tmp_path: Path):
    """Newlines, bytes that are no UTF-8, a leading dash, case collisions and long paths are archived as they are."""
    blob = clone.git("hash-object", "-w", "--stdin", stdin=b"x")
    names = [b"a\nb", b"\xff\xfe", b"-rf", b"Readme", b"README", b"q\"uote'\\", b"d" * 200 + b"/" + b"e" * 200]
    index = b"".join(b"100644 " + blob.encode() + b"\t" + name + b"\0" for name in names)
    clone.git("update-index", "-z", "--index-info", stdin=index)
    clone.git("commit", "--quiet", "--message", "odd")
    made = archive.write(resolve(str(clone.path), "HEAD"), tmp_path / "a.tar.gz")
    with tarfile.open(made.path) as opened:
        found = {os.fsencode(member.name) for member in opened}
    assert set(names) <= found


def test_only_the_directory(clone: Clone, tmp_path: Path):
    """With a directory, the archive holds what is below it."""
    made = archive.write(resolve(str(clone.path), "HEAD", "shop"), tmp_path / "a.tar.gz")
    with tarfile.open(made.path) as opened:
        assert opened.getnames() == ["index.html"]


def test_a_dirty_work_tree_is_not_deployed(clone: Clone):
    """What isn't committed isn't in the archive."""
    before = archive.digest(resolve(str(clone.path), "HEAD"))
    clone.write("app.py", "print('not committed')\n")
    clone.write("untracked", "x")
    clone.git("add", "--all")
    assert archive.digest(resolve(str(clone.path), "HEAD")) == before


def test_submodule_is_refused(clone: Clone):
    """A submodule's files are not in the commit: the error names it and the way out."""
    sha = clone.git("rev-parse", "HEAD")
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{sha},vendor/lib")
    clone.git("commit", "--quiet", "--message", "submodule")
    message = refused(clone)
    assert "vendor/lib is a submodule" in message
    assert "git subtree" in message


def test_lfs_pointer_is_refused(clone: Clone):
    """A pointer is not the file; a file that only speaks of LFS is fine."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
    clone.write("docs/about-lfs.md", "see version https://git-lfs.github.com/spec/v1\n")
    clone.commit()
    archive.digest(resolve(str(clone.path), "HEAD"))
    clone.write("logo.png", pointer)
    clone.commit()
    message = refused(clone)
    assert "logo.png is a Git LFS pointer" in message
    assert "--include=logo.png" in message


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ({"a": "/etc/passwd"}, "make it relative"),
        ({"a": "../x"}, "outside the deployed directory"),
        ({"deep/a": "../../x"}, "outside the deployed directory"),
        ({"deep/s": "..", "deep/t": "s/../x"}, "deep/t is a link to s/../x, outside"),
    ],
)
def test_links_that_lead_out_are_refused(clone: Clone, links: dict[str, str], said: str):
    """Absolute links, and those that leave the tree, also by way of another link."""
    for path, target in links.items():
        (clone.path / path).parent.mkdir(exist_ok=True)
        (clone.path / path).symlink_to(target)
    clone.commit()
    assert said in refused(clone)


def test_links_inside_are_kept(clone: Clone, tmp_path: Path):
    """Links within the tree, also those to what does not exist yet and loops, are archived as they are."""
    links = {"shop/a": "../app.py", "b": "logs/later", "c": "c", "d": "shop/../shop"}
    for path, target in links.items():
        (clone.path / path).symlink_to(target)
    clone.commit()
    made = archive.write(resolve(str(clone.path), "HEAD"), tmp_path / "a.tar.gz")
    with tarfile.open(made.path) as opened:
        assert {member.name: member.linkname for member in opened if member.issym()} == links


def test_a_link_out_of_the_directory_is_refused(clone: Clone):
    """What is inside the repository may be outside of the deployed directory."""
    (clone.path / "shop/app.py").symlink_to("../app.py")
    clone.commit()
    assert "outside the deployed directory" in refused(clone, "shop")


def test_nothing_to_deploy(clone: Clone):
    """A commit without files is refused."""
    clone.git("rm", "-r", "--quiet", ".")
    clone.commit("empty")
    assert "no files to deploy" in refused(clone)


def test_a_partial_clone_is_refused(clone: Clone, tmp_path: Path):
    """A clone without the blobs doesn't fetch them one by one behind one's back: it says what is missing."""
    clone.git("config", "uploadpack.allowFilter", "true")
    path = tmp_path / "partial"
    command = ["git", "clone", "--quiet", "--bare", "--filter=blob:none", f"file://{clone.path}", str(path)]
    subprocess.run(command, check=True)
    with pytest.raises(ArtifactError, match=r"missing or damaged in this clone|lazy fetching|fetch"):
        archive.write(resolve(str(path), "HEAD"), tmp_path / "a.tar.gz")


def test_an_existing_file_is_not_overwritten(clone: Clone, tmp_path: Path):
    """The destination must be new."""
    (tmp_path / "a.tar.gz").write_text("mine")
    with pytest.raises(ArtifactError, match="File exists"):
        archive.write(resolve(str(clone.path), "HEAD"), tmp_path / "a.tar.gz")
    assert (tmp_path / "a.tar.gz").read_text() == "mine"


def test_a_full_disk(clone: Clone):
    """Where the archive can't be written, the error says where room is needed."""
    with pytest.raises(ArtifactError, match="TMPDIR"), archive._fresh(clone.path / "x"):
        raise OSError(28, "No space left on device")
    assert not (clone.path / "x").exists()


def test_one_file_of_a_commit(clone: Clone):
    """A file is read from the commit, not from the work tree; None where there is none."""
    clone.write("Procfile", "web: changed\n")
    revision = resolve(str(clone.path), "HEAD")
    assert read_file(revision, "Procfile") == "web: python3 app.py\n"
    assert read_file(revision, "Nothing") is None
    assert read_file(resolve(str(clone.path), "HEAD", "shop"), "Procfile") is None


def peak_memory(*command: str) -> int:
    """Most private memory, in bytes, that a command and its children had at once (mapped files are not counted)."""
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess, subprocess.TimeoutExpired):
                now = [each.memory_info() for each in (watched, *watched.children(recursive=True))]
                peak = max(peak, sum(each.rss - each.shared for each in now))
                process.wait(timeout=0.01)
    assert process.returncode == 0
    return peak


@pytest.mark.sandbox
def test_memory_stays_bounded(make_clone: Callable[[str], Clone]):
    """200 MB in one file and 5,000 small ones: Python and git together stay under 150 MB."""
    clone = make_clone("large")
    clone.git("config", "core.compression", "0")
    (clone.path / "blob").write_bytes(os.urandom(1 << 20) * 200)
    stream = [b"commit refs/heads/main\ncommitter T <t@e> 0 +0000\ndata 1\nx\n"]
    stream += [b"M 644 inline d%d/f%d\ndata 7\n%07d\n" % (n % 50, n, n) for n in range(5000)]
    clone.git("fast-import", "--quiet", stdin=b"".join(stream))
    clone.git("symbolic-ref", "HEAD", "refs/heads/main")
    clone.git("reset", "--quiet")
    clone.git("add", "blob")
    clone.git("commit", "--quiet", "--message", "large")
    assert peak_memory(sys.executable, "-c", DIGEST, str(clone.path), "HEAD") < 150 << 20
