"""Strangers' repositories run nothing; the private copies of URLs are Slipway's own; credentials stay out of sight."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from release.errors import RevisionError, UnreachableError
from release.source import clone_cache
from release.source.revision import resolve
from tests.release.conftest import Clone

pytestmark = pytest.mark.sandbox

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "s3cret-aws",
    "AWS_SESSION_TOKEN": "s3cret-session",
    "PULUMI_CONFIG_PASSPHRASE": "s3cret-pulumi",
}
TOKENS = {"GITHUB_TOKEN": "s3cret-github", "NPM_TOKEN": "s3cret-npm"}


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """The file that a program of a hostile repository would make."""
    return tmp_path / "ran"


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Has each git say its arguments and its environment; what they have said.

    But for `git version`, by which GitPython looks for git when it is imported: it opens no repository.
    """
    real, folder, log = shutil.which("git"), tmp_path / "bin", tmp_path / "said"
    folder.mkdir()
    shim = folder / "git"
    shim.write_text(f'#!/bin/bash\n[ "$1" = version ] || {{ echo "ARGUMENTS $*"; env; }} >> {log}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return log.read_text


def program(ran: Path, name: str) -> str:
    script = ran.with_name(name)
    script.write_text(f"#!/bin/sh\nenv > {ran}\ncat\n")
    script.chmod(0o755)
    return str(script)


def make_stale(path: Path) -> None:
    """git can't tell by the file's times that it is as it was: it has to look at the content."""
    os.utime(path, (1, 1))


HOSTILE: dict[str, Callable[[Clone, str], object]] = {
    "monitor": lambda clone, run: clone.git("config", "core.fsmonitor", run),
    "clean filter": lambda clone, run: clone.git("config", "filter.evil.clean", run),
    "filter of an odd name": lambda clone, run: clone.git("config", "filter.evil.process", run),
    "hook": lambda clone, run: shutil.copy(run, clone.path / ".git/hooks/post-index-change"),
    "hooks elsewhere": lambda clone, run: clone.git("config", "core.hooksPath", str(Path(run).parent)),
    "included": lambda clone, run: [
        (clone.path / ".git/more").write_text(f'[core]\n\tfsmonitor = {run}\n[filter "evil"]\n\tclean = {run}\n'),
        clone.git("config", "include.path", "more"),
    ],
    "signatures": lambda clone, run: [
        clone.git("config", "log.showSignature", "true"),
        clone.git("config", "gpg.program", run),
    ],
    "pager": lambda clone, run: clone.git("config", "core.pager", run),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_clone_runs_nothing(clone: Clone, ran: Path, kind: str):
    """Its monitor, filters, hooks and whatever else its configuration names; changes are seen all the same."""
    name = "a=b" if "odd" in kind else "evil"
    clone.write(".gitattributes", f"filtered filter={name}\n")
    clone.write("filtered", "x\n")
    clone.commit()
    HOSTILE[kind](clone, program(ran, "post-index-change"))
    if "odd" in kind:
        clone.git("config", "filter.a=b.process", program(ran, "process"))
    for file in ("filtered", "app.py"):
        make_stale(clone.path / file)
    assert not resolve(str(clone.path), "HEAD").dirty
    (clone.path / "app.py").write_text("changed")
    assert resolve(str(clone.path), "HEAD").dirty
    assert not ran.exists()


def test_what_a_filter_would_have_to_tell_is_not_said(clone: Clone):
    """A file of Git LFS lies there whole, and is a pointer in the commit: that is no change."""
    clone.write(".gitattributes", "large filter=lfs\n")
    clone.write("large", "pointer\n")
    clone.commit()
    (clone.path / "large").write_text("the file itself\n")
    assert not resolve(str(clone.path), "HEAD").dirty
    (clone.path / "new").write_text("x")
    assert resolve(str(clone.path), "HEAD").dirty


def test_a_submodule_of_a_hostile_clone_runs_nothing(clone: Clone, make_clone: Callable[[str], Clone], ran: Path):
    """git looks into submodules by another git, which overrides on the command line do not reach."""
    part = make_clone("part")
    part.write("x", "x")
    part.commit()
    clone.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(part.path), "part")
    clone.commit()
    clone.git("-C", "part", "config", "core.fsmonitor", program(ran, "monitor"))
    (clone.path / "part/x").write_text("y")
    resolve(str(clone.path), "HEAD")
    assert not ran.exists()


def test_git_gets_no_credentials(clone: Clone, seen: Callable[[], str], monkeypatch: pytest.MonkeyPatch):
    """Neither for a path nor for a file URL; and variables that a hook or a shell has set do not reach it."""
    for name, value in {**SECRETS, **TOKENS, "GIT_NAMESPACE": "x", "GIT_TRACE": "1"}.items():
        monkeypatch.setenv(name, value)
    resolve(str(clone.path), "HEAD")
    resolve(f"file://{clone.path}", "HEAD")
    assert "ARGUMENTS" in seen()
    assert "s3cret" not in seen()
    assert "GIT_NAMESPACE" not in seen()


class _Host(BaseHTTPRequestHandler):
    """Answers only those who sign in, and then that there is nothing."""

    given: list[str]

    def do_GET(self) -> None:
        if "Authorization" in self.headers:
            self.given.append(base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode())
            self.send_response(404)
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic realm=x")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def host() -> Generator[tuple[str, list[str]]]:
    handler = type("Host", (_Host,), {"given": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", handler.given
        server.shutdown()


@pytest.mark.parametrize(("given", "sent"), [("user:s3cret-%40", "user:s3cret-@"), ("s3cret-token:", "s3cret-token:")])
def test_a_url_s_token_reaches_the_host_and_nobody_else(
    seen: Callable[[], str], monkeypatch: pytest.MonkeyPatch, given: str, sent: str
):
    """It stands in no argument list, error or file of the copy; credentials of AWS are not passed on."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with host() as (address, received):
        url = f"http://{given}@{address}/site.git"
        with pytest.raises(UnreachableError) as caught:
            resolve(url, "main")
    assert set(received) == {sent}
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in "".join(line for line in seen().splitlines() if line.startswith("ARGUMENTS"))
    assert "s3cret-aws" not in seen()
    assert "s3cret-pulumi" not in seen()
    kept = [file.read_bytes() for file in clone_cache.path(url).rglob("*") if file.is_file()]
    assert kept
    assert not any(b"s3cret" in content for content in kept)


def test_the_user_s_credential_helper_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One that reads a token of the environment, as CI has it."""
    with (tmp_path / "gitconfig").open("a") as config:
        config.write('[credential]\n helper = "!f() { echo username=ci; echo password=$CI_TOKEN; }; f"\n')
    monkeypatch.setenv("CI_TOKEN", "t0ken")
    with host() as (address, received), pytest.raises(UnreachableError):
        resolve(f"http://{address}/site.git", "main")
    assert set(received) == {"ci:t0ken"}


def test_the_user_s_ssh_command_is_used(tmp_path: Path):
    """A deploy key, say, that the user's configuration names."""
    mark = tmp_path / "asked"
    with (tmp_path / "gitconfig").open("a") as config:
        config.write(f'[core]\n sshCommand = "echo > {mark}; false"\n')
    with pytest.raises(UnreachableError):
        resolve("ssh://git@127.0.0.1:1/site.git", "main")
    assert mark.exists()


SETTINGS = {
    "sha256": "[init]\n defaultObjectFormat = sha256\n",
    "reftable": "[init]\n defaultRefFormat = reftable\n",
    "fsck": "[transfer]\n fsckObjects = true\n[fetch]\n fsckObjects = true\n",
    "template": "[init]\n templateDir = /nowhere\n",
    "hooks": "[core]\n hooksPath = {hooks}\n",
    "bare": "[safe]\n bareRepository = explicit\n[core]\n bare = false\n",
    "prune": "[fetch]\n prune = true\n pruneTags = true\n all = true\n recurseSubmodules = true\n",
    "words": "[color]\n ui = always\n[column]\n ui = always\n[log]\n showSignature = true\n",
    "sorted": "[tag]\n sort = -nonsense\n[i18n]\n logOutputEncoding = UTF-16\n[format]\n pretty = oneline\n",
    "autocrlf": "[core]\n autocrlf = true\n eol = crlf\n fsmonitor = true\n",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_user_s_settings_have_no_say_in_a_copy(clone: Clone, tmp_path: Path, name: str):
    """Whatever the user's configuration says, a URL is the same commit, then and after the setting is gone."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "reference-transaction").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "reference-transaction").chmod(0o755)
    sha, config = clone.git("rev-parse", "main"), tmp_path / "gitconfig"
    # A commit that fsck would not have: its author has no address.
    body = f"tree {clone.git('rev-parse', 'HEAD^{tree}')}\nparent {sha}\nauthor x 0 +0000\ncommitter x 0 +0000\n\nodd\n"
    odd = clone.git("hash-object", "--literally", "-t", "commit", "-w", "--stdin", stdin=body.encode())
    clone.git("update-ref", "refs/heads/odd", odd)
    before = config.read_text()
    config.write_text(before + SETTINGS[name].format(hooks=hooks))
    url = f"file://{clone.path}"
    for _ in range(2):
        assert resolve(url, "main").sha == sha
        assert resolve(url, "v1").tags == ("v1",)
        config.write_text(before)


def test_variables_of_git_have_no_say_in_a_copy(clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Those by which a hook, or a git of the future, would have the copy made otherwise."""
    for name, value in {
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_DEFAULT_REF_FORMAT": "reftable",
        "GIT_TEMPLATE_DIR": "/nowhere",
        "GIT_DIR": str(tmp_path / "other"),
        "GIT_WORK_TREE": str(tmp_path),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "objects"),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_NAMESPACE": "other",
        "GIT_CEILING_DIRECTORIES": "/",
    }.items():
        monkeypatch.setenv(name, value)
    assert resolve(f"file://{clone.path}", "HEAD").sha == (clone.path / ".git/refs/heads/main").read_text().strip()


def spoil_format(folder: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", "--object-format=sha256", str(folder / "x")], check=True)
    (folder / "config").write_bytes((folder / "x/config").read_bytes())


def spoil_pack(folder: Path) -> None:
    for pack in [*folder.glob("objects/pack/*.pack"), *(path for path in folder.glob("objects/??/*"))]:
        pack.chmod(0o644)
        pack.write_bytes(b"")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "format": spoil_format,
    "objects": spoil_pack,
    "no objects": lambda folder: shutil.rmtree(folder / "objects"),
    "head": lambda folder: (folder / "HEAD").write_text("nonsense"),
    "configuration": lambda folder: (folder / "config").write_text("[nonsense"),
    "lock": lambda folder: (folder / "refs/heads/main.lock").write_text(""),
    "packed lock": lambda folder: (folder / "packed-refs.lock").write_text(""),
    "ref": lambda folder: (folder / "refs/heads/main").write_text("0123\n"),
    "a hostile link": lambda folder: [(folder / "x").symlink_to("/"), (folder / "HEAD").unlink()],
}


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("by", ["sha", "branch"])
def test_a_damaged_copy_is_made_anew(clone: Clone, name: str, by: str):
    """Nobody has to remove it by hand; with the host there, all that it held comes again."""
    url = f"file://{clone.path}"
    sha = resolve(url, "main").sha
    clone.write("new.txt", "more")
    moved = clone.commit()
    DAMAGE[name](clone_cache.path(url))
    assert resolve(url, sha if by == "sha" else "main").sha == (sha if by == "sha" else moved)


def test_refs_that_only_the_host_has(clone: Clone):
    """A pull request's commit, by any name; a ref that moved or went is seen; a wildcard is none."""
    clone.git("checkout", "--quiet", "--detach")
    clone.write("app.py", "print('pull')\n")
    first = clone.commit("first of the pull request")
    clone.write("app.py", "print('pulled')\n")
    second = clone.commit("second")
    clone.git("update-ref", "refs/pull/2/head", second)
    clone.git("update-ref", "refs/merge-requests/5/head", first)
    clone.git("checkout", "--quiet", "main")
    url = f"file://{clone.path}"
    for ref, sha in {
        "refs/pull/2/head": second,
        "pull/2/head": second,
        "refs/pull/2/head~1": first,
        "pull/2/head^": first,
        "refs/merge-requests/5/head": first,
        "merge-requests/5/head": first,
        second: second,
        first: first,
    }.items():
        assert resolve(url, ref).sha == sha, ref
    clone.git("update-ref", "refs/pull/2/head", first)
    assert resolve(url, "refs/pull/2/head").sha == first
    clone.git("update-ref", "-d", "refs/pull/2/head")
    for ref in ("refs/pull/2/head", "pull/2/head", "refs/pull/*/head", "refs/nope", "no/such/branch"):
        with pytest.raises(RevisionError, match="there is no commit"):
            resolve(url, ref)


def test_a_host_that_serves_no_bare_sha(clone: Clone, tmp_path: Path):
    """Its refs are asked for then, as long as one of them holds the commit."""
    clone.git("checkout", "--quiet", "--detach")
    first = clone.commit("below the tip of a pull request")
    clone.git("update-ref", "refs/pull/2/head", clone.commit("tip"))
    clone.git("checkout", "--quiet", "main")
    with (tmp_path / "gitconfig").open("a") as config:
        config.write("[protocol]\n version = 0\n")
    assert resolve(f"file://{clone.path}", first).sha == first
