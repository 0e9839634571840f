"""The emulator in a process of its own, and those who take the part of machines and balancer in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from tests.waiting import until

REGION = "eu-central-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
BEARER = {"Authorization": "Bearer test"}
NOW = Config(retries={"total_max_attempts": 1})


@dataclass
class Emulator:
    """A running `python -m sandbox.aws`."""

    port: int
    region = REGION
    grace = 0
    interval = 0.0
    is_real = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def name(self) -> str:
        """Return a name that nothing else has."""
        return f"web-{uuid.uuid4().hex[:8]}"

    def seconds(self, emulated: float) -> float:
        """Return how long something takes, or has to, that takes `emulated` seconds here."""
        return emulated

    def client(self, service: str, region: str = REGION, config: Config = NOW) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )

    def as_role(self, role: str, service: str, region: str = REGION) -> Any:
        """Return a client with a role's credentials."""
        arn = f"arn:aws:iam::123456789012:role/{role}"
        got = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=got["AccessKeyId"],
            aws_secret_access_key=got["SecretAccessKey"],
            aws_session_token=got["SessionToken"],
            config=NOW,
        )

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def drop(self, path: str) -> Any:
        """Return what there is at a path of the internal API, and remove it."""
        return self._ask("DELETE", path)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask("POST", path, json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        url = f"{self.url}/_sandbox/{path}"
        request = urllib.request.Request(url, body, BEARER, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def start(*arguments: str) -> tuple[subprocess.Popen[bytes], Emulator]:
    """(process, Emulator) of an emulator on a port of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.aws", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        env={**os.environ, **KEYS, "AWS_CONFIG_FILE": os.devnull},
    )
    assert process.stdout is not None
    with process.stdout:
        ready = process.stdout.readline()
    assert ready, f"the emulator ended at once, with code {process.wait(5)}"
    return process, Emulator(json.loads(ready)["port"])


@dataclass
class Players:
    """Machines that get a port at once and boot as told, and a balancer that finds healthy what `healthy` says."""

    aws: Emulator
    boot: Callable[[dict[str, Any]], str | None] = lambda machine: "CONTINUE"
    healthy: Callable[[str], bool] = lambda instance_id: True
    hooks: dict[str, str] = field(default_factory=dict[str, str])
    stopped: threading.Event = field(default_factory=threading.Event)
    seen: set[str] = field(default_factory=set[str])

    def machines(self) -> None:
        version = 0
        while not self.stopped.is_set():
            feed = self.aws.get(f"instances?after={version}&wait=0.3")
            version = feed["version"]
            for machine in feed["instances"]:
                if machine["state"] == "pending" and machine["id"] not in self.seen:
                    self.seen.add(machine["id"])
                    self.aws.post(f"instances/{machine['id']}", {"port": 40000 + len(self.seen)})
                    self.complete(machine)
                elif machine["state"] == "shutting-down":
                    self.aws.post(f"instances/{machine['id']}", {"state": "terminated"})

    def complete(self, machine: dict[str, Any]) -> None:
        result = self.boot(machine)
        group = machine["tags"].get("aws:autoscaling:groupName")
        if not (result and group in self.hooks):
            return
        scaling = self.aws.client("autoscaling", machine["region"])

        def done() -> bool:
            try:
                scaling.complete_lifecycle_action(
                    LifecycleHookName=self.hooks[group],
                    AutoScalingGroupName=group,
                    InstanceId=machine["id"],
                    LifecycleActionResult=result,
                )
            except scaling.exceptions.ClientError:
                return False
            return True

        until(lambda: self.stopped.is_set() or done())  # a test may end while a machine boots

    def balancer(self) -> None:
        version = 0
        while not self.stopped.is_set():
            feed = self.aws.get(f"load-balancers?after={version}&wait=0.1")
            version = feed["version"]
            reports: list[dict[str, Any]] = []
            for group in feed["target_groups"]:
                for target in group["targets"]:
                    if target["state"] == "draining":
                        state = "unused"
                    else:
                        state = "healthy" if self.healthy(target["id"]) else "unhealthy"
                    reports.append({"group": group["arn"], "id": target["id"], "port": target["port"], "state": state})
            self.aws.post("target-health", {"targets": reports})
