"""A build step that goes looking for the credentials of whoever deploys finds none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import git
import gitdb
import pytest
import smmap

from release.artifact import build_isolation
from release.errors import BuildError
from tests.release.conftest import Clone

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = """
import sys
from pathlib import Path
from release.artifact import build
from release.errors import ReleaseError
from release.source.revision import resolve
try:
    step = build.Build(command=sys.argv[2], trusted=sys.argv[4] == "trusted")
    build.run(resolve(sys.argv[1], "HEAD"), step, Path(sys.argv[3]), print)
except ReleaseError as error:
    print("REFUSED", error)
"""
SECRET = "s3cret-of-the-deployer"
# The pattern does not find itself in the arguments of the build.
LOOK = """
grep -als 's3cret-o[f]' /proc/[0-9]*/environ /proc/[0-9]*/cmdline | sed 's/^/FOUND /' || true
for path in "{home}/.aws" "{home}/.ssh" "{folder}" "{agent}"; do
  [ ! -e "$path" ] || echo "FOUND $path"
done
"""
# Only for a build that runs apart: on the machine itself it would change things.
TRY = """
grep -rals 's3cret-o[f]' /root /home /tmp /var /run /dev/shm /mnt /srv /work | sed 's/^/FOUND /' || true
for path in /var/run/docker.sock /run/user /root/.aws ~root/.ssh /sys/firmware; do
  [ ! -e "$path" ] || echo "FOUND $path"
done
for path in /usr/bin /etc /opt "{tools}" /proc/sys/kernel/core_pattern; do
  [ ! -w "$path" ] || echo "FOUND $path can be written"
done
! mount -t tmpfs x /srv 2>/dev/null || echo "FOUND a way to mount"
[ "$(ls -d /proc/[0-9]* | wc -l)" -lt 12 ] || echo "FOUND other processes"
"""


class Deployer:
    """Someone with credentials at home, in the environment, in the working folder and in an agent."""

    def __init__(self, tmp_path: Path, user: list[str]) -> None:
        self.folder = tmp_path / "deployer"
        self.home, self.agent, self.tools = self.folder / "home", self.folder / "agent", self.folder / "tools/bin"
        self.working = self.folder / "stack"
        for path in (self.home / ".aws/credentials", self.home / ".ssh/id", self.working / ".env", self.agent):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(SECRET)
        self.tools.mkdir(parents=True)
        (self.tools / "a-tool").write_text("#!/bin/sh\necho the tool ran\n")
        (self.tools / "a-tool").chmod(0o755)
        (self.folder / "tmp").mkdir()
        self._user = user

    def deploy(self, clone: Clone, command: str, *, trusted: bool = False, **variables: str) -> str:
        environment = {
            "PATH": f"{self.tools}:/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SSH_AUTH_SOCK": str(self.agent),
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "PULUMI_CONFIG_PASSPHRASE": SECRET,
            "GITHUB_TOKEN": SECRET,
            **variables,
        }
        words = {"home": self.home, "folder": self.working, "agent": self.agent, "tools": self.tools}
        for word, path in words.items():
            command = command.replace(f"{{{word}}}", str(path))
        python = [*self._user, sys.executable if not self._user else "/usr/bin/python3"]
        arguments = [clone.path, command, self.folder / "artifact", "trusted" if trusted else "apart"]
        done = subprocess.run(
            [*python, "-c", DEPLOY, *map(str, arguments)],
            cwd=self.working,
            env=environment,
            capture_output=True,
            check=False,
        )
        return (done.stdout + done.stderr).decode()


@pytest.fixture
def deployer(tmp_path: Path) -> Deployer:
    return Deployer(tmp_path, [])


def test_a_build_finds_nothing_of_the_deployer_s(deployer: Deployer, clone: Clone):
    """Not in processes, files, sockets or the working folder; and it can change nothing but its own."""
    assert deployer.deploy(clone, f"{LOOK}{TRY}echo looked") == "looked\n"


def test_the_search_finds_what_is_there(deployer: Deployer, clone: Clone):
    """A trusted build sees all of it, and the deployer is told so."""
    said = deployer.deploy(clone, LOOK, trusted=True)
    assert "can read your credentials" in said
    assert "FOUND /proc/" in said
    assert f"FOUND {deployer.home}/.aws" in said
    assert f"FOUND {deployer.agent}" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_s_build_finds_nothing_either(clone: Clone, tmp_path: Path):
    """By namespaces that any user may make; the build is who the deployer is, and not root."""
    there = Path("/tmp") / f"slipway-test-{os.getpid()}"  # noqa: S108 - pytest's folders are root's alone
    shutil.copytree(clone.path, there / "site")
    shutil.copytree(ROOT / "release", there / "code/release")
    for package in (git, gitdb, smmap):  # the user's Python has none of its own
        shutil.copytree(Path(str(package.__file__)).parent, there / "code" / package.__name__)
    user = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    try:
        deployer = Deployer(there, user)
        subprocess.run(["chown", "-R", "12345:12345", str(there)], check=True)
        said = deployer.deploy(Clone(there / "site"), f"{LOOK}{TRY}id -u", PYTHONPATH=str(there / "code"))
    finally:
        shutil.rmtree(there)
    assert said == "12345\n"


def test_a_build_has_its_tools(deployer: Deployer, clone: Clone):
    """Those on the deployer's PATH, also below the home; links, a place for temporary files, and its own home."""
    nested = deployer.home / ".tools/versions/1"
    (nested / "bin").mkdir(parents=True)
    (nested / "lib").mkdir()
    (nested / "lib/needed").write_text("needed")
    (nested / "secret").write_text(SECRET)
    program = nested / "bin/versioned"
    program.write_text('#!/bin/sh\ncat "$(dirname "$(readlink -f "$0")")/../lib/needed"; echo\n')
    program.chmod(0o755)
    (deployer.home / ".local/bin").mkdir(parents=True)
    (deployer.home / ".local/bin/linked").symlink_to(program)
    said = deployer.deploy(
        clone,
        "a-tool; linked; python3 -c 'import tempfile; tempfile.mkdtemp(); print(1)'; echo x > /tmp/x; echo x > ~/x; "
        f"cat {nested}/secret 2>/dev/null || echo hidden; echo <(true) > /dev/null; head -c1 /dev/urandom > x",
        PATH=f"{deployer.tools}:{deployer.home}/.local/bin:/usr/bin:/bin",
    )
    assert said == "the tool ran\nneeded\n1\nhidden\n"


def test_a_home_on_the_path_is_not_bound_whole(deployer: Deployer, clone: Clone):
    """Nor the working folder: `.` or a home on PATH would bring all that lies in it."""
    said = deployer.deploy(clone, f"{LOOK}echo looked", PATH=f"{deployer.home}:{deployer.working}:/usr/bin:/bin")
    assert said == "looked\n"


def test_a_machine_that_can_t_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """With what to do about it; nothing is run."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("unshare", "bwrap"):
        (folder / name).write_text("#!/bin/sh\necho 'Operation not permitted' >&2\nexit 1\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    place = build_isolation.Place(checkout=tmp_path / "checkout", home=tmp_path / "home", scratch=tmp_path / "scratch")
    for own in (place.checkout, place.home, place.scratch):
        own.mkdir()
    with pytest.raises(BuildError, match=r"Operation not permitted.*release.build.trusted to true .*--build-trusted"):
        build_isolation.wrapped(["touch", str(tmp_path / "ran")], place, os.environ)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(BuildError):
        build_isolation.check()
