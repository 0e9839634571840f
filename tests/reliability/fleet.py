"""A sandbox with a small app of its own, and what there is to ask of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from tests.engine.conftest import DEADLINE, GROUP, Ran, Sandbox, commit, git

QUICK = {
    "bootTimeout": 60,
    "drain": 5,
    "rollout": {"warmup": 0, "bake": 0, "timeout": 120},
}


class Fleet(Sandbox):
    """A checkout whose `make up` deploys `app`, a repository of its own."""

    app: Path
    _url = ""

    def configure(self, **changes: object) -> None:
        """Writes the stack file: the committed one with short times and these settings of the fleet."""
        file = self.checkout / "Pulumi.sandbox.yaml"
        git(self.checkout, "checkout", "--quiet", "--", file.name)
        settings = yaml.safe_load(file.read_text())
        fleet = settings["config"]["slipway:fleets"]["web"]
        fleet.update(QUICK)
        fleet["environment"] = {"POISON": str(self.poison)}
        fleet.update(changes)
        file.write_text(yaml.safe_dump(settings, sort_keys=False))

    @property
    def poison(self) -> Path:
        """The file that makes a release that is `poisoned` refuse to boot."""
        return self.app.parent / "poison"

    def release(self, mode: str) -> str:
        """Commits the app in that mode and returns the SHA. See app.py for the modes."""
        (self.app / "mode.txt").write_text(f"{mode} {os.urandom(8).hex()}\n")
        return commit(self.app, mode)

    def deploy(self, sha: str, timeout: float = DEADLINE, **environment: str) -> Ran:
        """`make up` of the app at a commit."""
        return self.up(sha, self.app, timeout, **environment)

    def good(self) -> str:
        """Deploys a new good release, which has to succeed, and returns its SHA."""
        sha = self.release("good")
        ran = self.deploy(sha)
        assert ran.code == 0, ran.said
        return sha

    def begin(self, sha: str) -> subprocess.Popen[str]:
        """Begins `make up` and returns at once."""
        return self._begin("make", "--no-print-directory", "up", f"SHA={sha}", f"REPO={self.app}")

    def begin_pulumi(self, sha: str) -> subprocess.Popen[str]:
        """Begins a plain `pulumi up` in the sandbox's shell."""
        program = f'eval "$({sys.executable} -m sandbox env)" && exec pulumi up --yes --skip-preview --non-interactive'
        return self._begin("bash", "-c", program.replace("exec", f"SLIPWAY_SHA={sha} exec"))

    def _begin(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(command, cwd=self.checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def url(self) -> str:
        """Asked of the engine once: the load balancer stays."""
        if not self._url:
            self._url = super().url()
        return self._url

    def answers(self, times: int = 30) -> Counter[str]:
        """Which releases that many answers name."""
        return Counter(self.serves() for _ in range(times))

    def whole(self, sha: str, size: int = 3) -> None:
        """Asserts that the fleet is that release and nothing else: answers, instances, templates, machines."""
        assert set(self.answers()) == {sha}
        group = self.group()
        members = {member["InstanceId"] for member in group["Instances"]}
        assert len(members) == group["DesiredCapacity"] == size
        ec2 = self.client("ec2")
        states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
        seen = ec2.describe_instances(Filters=states)["Reservations"]
        assert {instance["InstanceId"] for entry in seen for instance in entry["Instances"]} == members
        assert len(ec2.describe_launch_templates()["LaunchTemplates"]) == 1
        assert not [refresh for refresh in self.refreshes() if refresh["Status"] in ("Pending", "InProgress", "Baking")]

    def group(self) -> dict[str, Any]:
        """The Auto Scaling group, as AWS shows it."""
        answer = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
        return answer["AutoScalingGroups"][0]

    def versions(self) -> set[str]:
        """The launch template versions that the fleet's instances run."""
        return {member["LaunchTemplate"]["Version"] for member in self.group()["Instances"]}

    def ledger(self) -> str:
        """`python -m release history --json`."""
        ran = self.shell("python -m release history --json")
        assert ran.code == 0, ran.said
        return ran.said

    def rolled_back_by(self, ran: Ran) -> str:
        """What `up` said was the reason."""
        found = re.search(r"was not deployed \(\w+\): (.*)", ran.said)
        return found.group(1) if found else ""
