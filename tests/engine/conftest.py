"""A whole sandbox of its own: a checkout in a temporary folder, deployed by the commands a user types."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

PROJECT = Path(__file__).resolve().parents[2]
DEADLINE = 240  # seconds; no command here takes a quarter of that
REGION = "eu-west-1"
GROUP = "slipway-sandbox-web"


def git(folder: Path, *arguments: str) -> str:
    """Runs git with an identity of its own, whatever the machine's configuration."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def commit(folder: Path, message: str) -> str:
    """Commits all there is and returns the SHA."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@dataclass
class Ran:
    """A command that ended: its exit code and all it printed."""

    code: int
    said: str

    @property
    def last(self) -> str:
        return self.said.strip().splitlines()[-1] if self.said.strip() else ""


@dataclass
class Sandbox:
    """A checkout with a sandbox of its own."""

    checkout: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str, timeout: float = DEADLINE, **more: str) -> Ran:
        """Runs a command in the checkout, as a user would."""
        ran = subprocess.run(
            command,
            cwd=self.checkout,
            env={**os.environ, **self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        print(ran.stdout)
        return Ran(ran.returncode, ran.stdout)

    def up(self, sha: str = "", repository: Path | None = None, timeout: float = DEADLINE, **environment: str) -> Ran:
        """`make up`."""
        settings = [f"SHA={sha}"] if sha else []
        if repository:
            settings.append(f"REPO={repository}")
        return self.run("make", "--no-print-directory", "up", *settings, timeout=timeout, **environment)

    def shell(self, command: str, **more: str) -> Ran:
        """Run a command in the environment that `make shell` gives."""
        return self.run(
            "bash", "-c", f'eval "$({sys.executable} -m sandbox env)" && {{ {command}; }}', timeout=DEADLINE, **more
        )

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of the sandbox's AWS."""
        exported = subprocess.run(
            [sys.executable, "-m", "sandbox", "env"], cwd=self.checkout, check=True, capture_output=True, text=True
        ).stdout
        found = dict(re.findall(r"export (AWS_\w+)=(\S+)", exported))
        return boto3.client(
            service,
            endpoint_url=shlex.split(found["AWS_ENDPOINT_URL"])[0],
            region_name=region,
            aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
        )

    def outputs(self) -> dict[str, Any]:
        """`pulumi stack output --json`."""
        ran = self.shell("pulumi stack output --json")
        return json.loads(ran.said)

    def url(self) -> str:
        return self.outputs()["url"]

    def instances(self) -> dict[str, str]:
        """The instances of the fleet: id to zone."""
        groups = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
        return {i["InstanceId"]: i["AvailabilityZone"] for i in groups["AutoScalingGroups"][0]["Instances"]}

    def refreshes(self) -> list[dict[str, Any]]:
        """The instance refreshes of the fleet, newest first."""
        answer = self.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=GROUP)
        return answer["InstanceRefreshes"]

    def serves(self) -> str:
        """The SHA that the balancer's next answer names."""
        with urllib.request.urlopen(self.url(), timeout=10) as answer:
            assert answer.status == 200
            return answer.headers["X-Release"]


def copy_of_project(folder: Path) -> Path:
    """What a clone of the work tree as it is now would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = PROJECT / name, folder / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


@contextmanager
def bare_sandbox(folder: Path) -> Generator[Sandbox]:
    """A checkout without commits, and all of its sandbox gone afterwards."""
    running = Sandbox(copy_of_project(folder))
    try:
        yield running
    finally:
        ended = running.run("make", "--no-print-directory", "down")
        assert ended.code == 0, ended.said


@contextmanager
def fresh_sandbox(folder: Path) -> Generator[Sandbox]:
    """A checkout with two commits, and all of its sandbox gone afterwards."""
    with bare_sandbox(folder) as running:
        commit(running.checkout, "one")
        commit(running.checkout, "two")
        yield running


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One for the tests of a module, which are a story: what other modules commit or deploy is not in it."""
    with fresh_sandbox(tmp_path_factory.mktemp("slipway")) as running:
        yield running


class Load:
    """Requests at a steady rate, from a process of their own, while something else happens."""

    def __init__(self, url: str, rate: float, seconds: float = 120) -> None:
        script = str(Path(__file__).with_name("load.py"))
        self._process = subprocess.Popen(
            [sys.executable, script, url, str(rate), str(seconds)], stdout=subprocess.PIPE, text=True
        )

    def end(self) -> dict[str, dict[str, int]]:
        """Ends it and returns `{"releases": {sha: answers}, "failed": {why: answers}}`."""
        self._process.send_signal(signal.SIGTERM)
        said, _ = self._process.communicate(timeout=60)
        return json.loads(said)
