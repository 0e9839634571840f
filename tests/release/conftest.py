"""Real git repositories, and S3 from a server of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.loaders import Loader

from tests.aws.emulator import start

REGION = "eu-west-1"
WHEN = "2024-05-06T07:08:09+00:00"


# Each session reads the models of its services anew (0.1 s each); here they all read the same ones.
MODELS = Loader()


def _models(_path: str | None = None) -> Loader:
    return MODELS


@dataclass(frozen=True)
class Clone:
    """A work tree, and what a test does in it."""

    path: Path

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run(["git", "-C", str(self.path), *arguments], input=stdin, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def write(self, name: str, content: str | bytes, *, executable: bool = False) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o755 if executable else 0o644)

    def commit(self, message: str = "change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("GIT_", "SLIPWAY_", "AWS_", "PULUMI_")):
            monkeypatch.delenv(name)
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": WHEN,
        "GIT_COMMITTER_DATE": WHEN,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(tmp_path / "no-aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-aws-credentials"),
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(botocore.session, "create_loader", _models)
    (tmp_path / "gitconfig").write_text(
        "[user]\n name = Test\n email = test@example.com\n[init]\n defaultBranch = main\n"
    )


@pytest.fixture
def make_clone(tmp_path: Path) -> Callable[[str], Clone]:
    def make(name: str) -> Clone:
        path = tmp_path / name
        path.mkdir()
        clone = Clone(path)
        clone.git("init", "--quiet")
        return clone

    return make


@pytest.fixture
def clone(make_clone: Callable[[str], Clone]) -> Clone:
    """A site with two commits: v1, and the branch `main` after it."""
    made = make_clone("site")
    made.write("Procfile", "web: python3 app.py\n")
    made.write("app.py", "print('one')\n", executable=True)
    made.write("shop/index.html", "<h1>shop</h1>\n")
    made.commit("first")
    made.git("tag", "v1")
    made.write("app.py", "print('two')\n", executable=True)
    made.commit("second")
    return made


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    process, emulator = start()
    yield emulator.url
    process.terminate()
    process.wait(10)


@pytest.fixture
def aws(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty AWS, by its endpoint."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    return aws_endpoint


@pytest.fixture
def bucket(aws: str, request: pytest.FixtureRequest) -> str:
    """A bucket of this test's own."""
    name = f"slipway-{abs(hash(request.node.nodeid))}"
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name
