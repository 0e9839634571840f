"""Refs become commits, or one clear error."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from release.errors import RevisionError, UnreachableError
from release.source import git_host, repository
from release.source.revision import log, resolve
from tests.release.conftest import Clone

pytestmark = pytest.mark.sandbox


def refused(repository: object, ref: str, directory: str = "") -> str:
    with pytest.raises(RevisionError) as caught:
        resolve(str(repository), ref, directory)
    return str(caught.value)


def test_every_way_to_name_a_commit(clone: Clone):
    """A SHA, short or full, in either case, tags of both kinds, branches and HEAD~n all come to the full SHA."""
    first, second = clone.git("rev-parse", "v1"), clone.git("rev-parse", "main")
    clone.git("tag", "--annotate", "--message", "said", "v1-annotated", "v1")
    clone.git("branch", "feature/x", "v1")
    for ref in ("v1", "v1-annotated", "feature/x", "HEAD~1", "main^", first, first[:9], first.upper(), "refs/tags/v1"):
        assert resolve(str(clone.path), ref).sha == first, ref
    assert {resolve(str(clone.path), ref).sha for ref in ("HEAD", "@", "main")} == {second}


def test_what_a_revision_says(clone: Clone):
    """Commit time, all tags, and the directory, normalised, come with it."""
    clone.git("tag", "stable", "v1")
    revision = resolve(str(clone.path), "v1", "./shop/")
    assert revision.committed == datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
    assert revision.tags == ("stable", "v1")
    assert revision.directory == "shop"
    assert revision.repository.location == str(clone.path)


def test_the_user_s_configuration_of_git_changes_nothing(clone: Clone, tmp_path: Path):
    """Columns, colours and signatures are for people who read git's output."""
    clone.git("tag", "stable", "v1")
    before = resolve(str(clone.path), "v1")
    with (tmp_path / "gitconfig").open("a") as config:
        config.write("[column]\n ui = always\n[color]\n ui = always\n[log]\n showSignature = true\n")
    assert resolve(str(clone.path), "v1").tags == before.tags == ("stable", "v1")


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("", "no ref given"),
        ("nope", "there is no commit 'nope'; it has main, v1"),
        ("v2", "it has v1"),
        ("--upload-pack=touch x", "none begins with a dash"),
        ("-h", "none begins with a dash"),
        ("main\nv1", "control character"),
        ("main v1", "space"),
        ("a\x00b", "control character"),
        ("v1..main", "is a range"),
        ("HEAD~9", "there is no commit 'HEAD~9'"),
        ("HEAD:shop", "is a tree, not a commit"),
        ("HEAD:app.py", "is a blob, not a commit"),
        ("HEAD^{tree}", "is a tree, not a commit"),
        ("0" * 40, "there is no commit '0000"),
        ("deadbeef", "there is no commit 'deadbeef'"),
    ],
)
def test_bad_refs(clone: Clone, ref: str, said: str):
    """Whatever is no single commit is refused in one line that says why."""
    message = refused(clone.path, ref)
    assert said in message
    assert "\n" not in message


def test_ambiguous_abbreviation_lists_the_candidates(clone: Clone):
    """Four digits that two commits share are refused, and both are named."""
    tree = clone.git("rev-parse", "HEAD^{tree}")
    body, sha = b"", ""
    seen: dict[str, bytes] = {}
    for number in range(5000):
        body = f"tree {tree}\nauthor T <t@e> 0 +0000\ncommitter T <t@e> 0 +0000\n\n{number}\n".encode()
        sha = hashlib.sha1(b"commit %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
        if sha[:4] in seen:
            break
        seen[sha[:4]] = body
    both = {clone.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=each) for each in (body, seen[sha[:4]])}
    message = refused(clone.path, sha[:4])
    assert "ambiguous" in message
    assert all(candidate in message for candidate in both)


def test_a_name_that_is_a_tag_and_a_branch(clone: Clone):
    """git would silently take the tag; here the two are named, and the full ref names works."""
    clone.git("branch", "v1", "main")
    assert "both a tag" in refused(clone.path, "v1")
    assert resolve(str(clone.path), "refs/heads/v1").sha == clone.git("rev-parse", "main")


def test_repositories_that_are_none(clone: Clone, tmp_path: Path):
    """No directory, a file, no repository, one without commits, a directory inside one: each says what to give."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "plain").mkdir()
    empty = tmp_path / "empty"
    subprocess.run(["git", "init", "--quiet", str(empty)], check=True)
    assert "no such directory" in refused(tmp_path / "missing", "HEAD")
    assert "not a directory" in refused(tmp_path / "file", "HEAD")
    assert "not a git repository" in refused(tmp_path / "plain", "HEAD")
    assert "no commits yet" in refused(empty, "HEAD")
    assert f"inside the repository {clone.path}" in refused(clone.path / "shop", "HEAD")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ext::sh -c 'touch /tmp/x'", "transport 'ext' is not allowed"),
        ("fd::17", "transport 'fd' is not allowed"),
        ("git://example.com/x", "transport 'git' is not allowed"),
        ("ssh://-oProxyCommand=x/y", "is not a host name"),
        ("-oProxyCommand=x:y", "is not a repository"),
        ("--upload-pack=x", "is not a repository"),
        ("", "is not a repository"),
        ("https://example.com/\nx", "is not a repository"),
    ],
)
def test_dangerous_urls(url: str, said: str):
    """Transports that run commands, and hosts that would be options, never reach git."""
    assert said in refused(url, "HEAD")


def test_a_directory_that_is_not_there(clone: Clone):
    """A directory that the commit hasn't got is refused with those it has; one outside is refused as such."""
    assert "there is no directory 'shp' in" in refused(clone.path, "HEAD", "shp")
    assert "it has shop" in refused(clone.path, "HEAD", "shp")
    assert "no directory 'app.py'" in refused(clone.path, "HEAD", "app.py")
    for outside in ("../x", "/etc", "shop/../../x"):
        assert "inside the repository" in refused(clone.path, "HEAD", outside)


def test_dirty_is_said_where_it_matters(clone: Clone):
    """Changes count for what is checked out, and in the deployed directory only; they never change the commit."""
    path = str(clone.path)
    assert not resolve(path, "HEAD").dirty
    clone.write("app.py", "print('three')\n")
    assert resolve(path, "HEAD").dirty
    assert resolve(path, "main").dirty
    assert not resolve(path, "HEAD", "shop").dirty
    assert not resolve(path, "v1").dirty
    clone.write("shop/new.html", "untracked")
    assert resolve(path, "HEAD", "shop").dirty
    assert resolve(path, "HEAD").sha == clone.git("rev-parse", "HEAD")


def test_remote_branch_of_a_clone(clone: Clone, tmp_path: Path):
    """A branch that only origin has is found; the manifest's repository is origin's URL."""
    clone.git("branch", "release-7", "v1")
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "--quiet", f"file://{clone.path}", str(copy)], check=True)
    revision = resolve(str(copy), "release-7")
    assert revision.sha == clone.git("rev-parse", "v1")
    assert revision.repository.location == f"file://{clone.path}"


def test_bare_worktree_and_shallow(clone: Clone, tmp_path: Path):
    """A bare repository and a linked work tree work; a shallow clone says how to get the rest."""
    sha = clone.git("rev-parse", "v1")
    clone.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "v1")
    subprocess.run(["git", "clone", "--quiet", "--bare", str(clone.path), str(tmp_path / "bare")], check=True)
    for path in (tmp_path / "linked", tmp_path / "bare", clone.path / ".git"):
        assert resolve(str(path), "v1").sha == sha
    (tmp_path / "linked" / "app.py").write_text("changed")
    assert resolve(str(tmp_path / "linked"), "HEAD").dirty
    shallow = str(tmp_path / "shallow")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{clone.path}", shallow], check=True)
    assert resolve(shallow, "HEAD").sha == clone.git("rev-parse", "main")
    assert "git fetch --unshallow" in refused(shallow, "HEAD~1")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to another user")
def test_a_repository_of_another_user(clone: Clone):
    """git's refusal to read another's repository comes with the setting that allows it."""
    subprocess.run(["chown", "-R", "12345", str(clone.path)], check=True)
    assert f"safe.directory {clone.path}" in refused(clone.path, "HEAD")


def test_variables_of_a_git_hook_are_ignored(clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Inside a hook git sets GIT_DIR and others: repository and origin are still those of the one that was named."""
    other = tmp_path / "other"
    subprocess.run(["git", "init", "--quiet", str(other)], check=True)
    subprocess.run(["git", "-C", str(other), "remote", "add", "origin", "https://git.example.com/o.git"], check=True)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_COMMON_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git" / "incoming"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert repository.open_path(str(clone.path)).location == str(clone.path)
    revision = resolve(str(clone.path), "HEAD")
    assert revision.sha == (clone.path / ".git/refs/heads/main").read_text().strip()
    assert not revision.dirty


def test_replaced_objects_are_not_followed(clone: Clone):
    """`git replace` can't put other content under a SHA."""
    first, second = clone.git("rev-parse", "v1"), clone.git("rev-parse", "main")
    clone.git("replace", first, second)
    assert resolve(str(clone.path), first).sha == first
    assert resolve(str(clone.path), f"{second}^").sha == first


def test_url_is_fetched_once_for_a_full_sha(clone: Clone):
    """A URL is cached: a full SHA that is there needs no host, a moved branch is seen, a vanished host is an error."""
    url = f"file://{clone.path}"
    sha = resolve(url, "main").sha
    assert resolve(url, "HEAD").sha == resolve(url, "v1").sha.replace(resolve(url, "v1").sha, sha)
    clone.write("app.py", "print('three')\n")
    moved = clone.commit("third")
    assert resolve(url, "main").sha == moved
    clone.path.rename(clone.path.with_name("gone"))
    assert resolve(url, sha).sha == sha
    with pytest.raises(UnreachableError, match="check the URL, and that the git host is up"):
        resolve(url, "main")


def test_url_with_a_commit_that_no_branch_holds(clone: Clone):
    """A pull request's head, say: fetched by its SHA where the host allows it."""
    clone.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone.git("checkout", "--quiet", "--detach")
    clone.write("app.py", "print('pull request')\n")
    sha = clone.commit("off the branches")
    assert resolve(f"file://{clone.path}", sha).sha == sha


def test_url_of_an_empty_repository(tmp_path: Path):
    """An empty remote says that it is empty."""
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "empty")], check=True)
    assert "empty" in refused(f"file://{tmp_path / 'empty'}", "HEAD")
    assert "no commits yet" in refused(f"file://{tmp_path / 'empty'}", "main")


def test_credentials_in_a_url_are_never_shown(tmp_path: Path, clone: Clone):
    """Neither an error nor the manifest's repository holds the token of a URL."""
    message = refused("http://user:s3cret@127.0.0.1:1/x.git?token=s3cret", "HEAD")
    assert "s3cret" not in message
    clone.git("remote", "add", "origin", "https://user:s3cret@example.com/x.git")
    assert resolve(str(clone.path), "HEAD").repository.location == "https://example.com/x.git"


def test_two_at_once_share_the_cache(clone: Clone):
    """Fetches of one URL take turns, and both end well."""
    shas: list[str] = []
    url = f"file://{clone.path}"
    threads = [threading.Thread(target=lambda: shas.append(resolve(url, "main").sha)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert shas == [clone.git("rev-parse", "main")] * 4


@pytest.mark.sandbox
@pytest.mark.parametrize("scheme", ["http", "ssh"])
def test_a_host_that_never_answers(scheme: str, monkeypatch: pytest.MonkeyPatch):
    """A host that accepts and stays silent is given up, and no git process is left behind."""
    monkeypatch.setattr(git_host, "FIRST_BYTE", 1.0)
    if scheme == "ssh":
        monkeypatch.setenv("GIT_SSH_COMMAND", "sleep 600; :")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/x.git"
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="did not answer for 1 s"):
            resolve(url, "main")
    assert time.monotonic() - began < 100  # and not the 600 of the sleep
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True).stdout.decode()
    assert url not in listed


def test_the_deadlines_of_a_silent_host_are_under_15_seconds():
    """The limit that the test above shortens, and ending its processes, add up to less than 15 s."""
    assert git_host.FIRST_BYTE + 3.0 < 15


def test_log_between_two_commits(clone: Clone):
    """The commits between two are listed, the newest first."""
    lines = log(resolve(str(clone.path), "main"), clone.git("rev-parse", "v1"))
    assert [re.sub(r"^\w+ ", "", line) for line in lines] == ["second (Test)"]
