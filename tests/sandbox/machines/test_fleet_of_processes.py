"""The emulator, the machines and the balancer together: a fleet of real processes, rolled out under load."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from release.component.user_data import Boot, render
from tests.aws.emulator import BEARER, Emulator, start
from tests.aws.fleet import Fleet
from tests.sandbox.fake_internal_api import process
from tests.waiting import ENOUGH, until

pytestmark = pytest.mark.sandbox

SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop"
BUCKET, LOGS, ROLE = "slipway-test", "/slipway/test/web", "web-role"
ONE, TWO = "1" * 40, "2" * 40


@pytest.fixture
def aws() -> Iterator[Emulator]:
    child, emulator = start()
    yield emulator
    child.terminate()
    child.wait(ENOUGH)


@pytest.fixture
def machines(aws: Emulator, tmp_path: Path) -> Iterator[str]:
    arguments = ("-m", "sandbox.machines", "--endpoint", aws.url, "--directory", str(tmp_path / "machines"))
    with process(*arguments, log=tmp_path / "machines.log", env={"SLIPWAY_SANDBOX": str(tmp_path)}) as (port, _):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def balancer(aws: Emulator, tmp_path: Path) -> Iterator[str]:
    with process("-m", "sandbox.balancer", "--endpoint", aws.url, log=tmp_path / "balancer.log") as (port, _):
        yield f"http://127.0.0.1:{port}"


class ShopFleet(Fleet):
    """Instances that run the real boot script on a release in the emulated S3."""

    def __init__(self, aws: Emulator) -> None:
        self.digest = ""
        iam, s3 = aws.client("iam"), aws.client("s3")
        policy = {"Version": "2012-10-17", "Statement": []}
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(policy))
        allowed = {
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "autoscaling:CompleteLifecycleAction",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            ],
            "Resource": "*",
        }
        document = json.dumps({**policy, "Statement": [allowed]})
        iam.put_role_policy(RoleName=ROLE, PolicyName="boot", PolicyDocument=document)
        iam.create_instance_profile(InstanceProfileName=ROLE)
        iam.add_role_to_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
        aws.client("logs").create_log_group(logGroupName=LOGS)
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            for file in (SHOP / "Procfile", *(SHOP / "shop").glob("*.*")):
                tar.add(file, file.relative_to(SHOP))
        self.digest = hashlib.sha256(archive.getvalue()).hexdigest()
        for sha in (ONE, TWO):
            s3.put_object(Bucket=BUCKET, Key=f"releases/{sha}/artifact.tar.gz", Body=archive.getvalue())
        super().__init__(aws, delay="10")
        aws.client("elbv2").modify_target_group(
            TargetGroupArn=self.target_group, HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2
        )

    def data(self, release: str) -> dict[str, Any]:
        boot = Boot(
            sha=release, digest=self.digest, bucket=BUCKET, region=self.ec2.meta.region_name, fleet="web",
            group=self.name, hook="boot", log_group=LOGS, command="python3 -m shop",
            port=8080, health_path="/healthz", health_codes="200", health_timeout=5, boot_timeout=60, environment={},
        )  # fmt: skip
        return {
            **super().data(release),
            "UserData": base64.b64encode(render(boot).encode()).decode(),
            "IamInstanceProfile": {"Name": ROLE},
        }


class Load:
    """Requests one after another, on kept connections, until stopped."""

    def __init__(self, address: str) -> None:
        self.releases: Counter[str] = Counter()
        self.failures: list[tuple[str, str | int]] = []
        self._address, self._stop = address, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(method,)) for method in ("GET", "GET", "POST")]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(ENOUGH)

    def _run(self, method: str) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=ENOUGH)
        while not self._stop.wait(0.005):
            try:
                connection.request(method, "/cart", b"sku=oak-tray" if method == "POST" else None)
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException) as problem:
                self.failures.append((method, repr(problem)))
                connection.close()
                continue
            self.releases[response.headers["X-Release"]] += 1
            if response.status not in (200, 303):
                self.failures.append((method, response.status))
        connection.close()


def identity(aws: Emulator, machines: str, instance: str, folder: Path) -> dict[str, str]:
    """Who the AWS CLI is on an instance, with no credentials but those of the metadata service."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_DEFAULT_REGION": "eu-central-1"}
    environment["AWS_ENDPOINT_URL"] = aws.url
    environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = f"{machines}/{instance}"
    cli = Path(sys.executable).with_name("aws")
    command = [cli, "sts", "get-caller-identity"]
    said = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=ENOUGH)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def status_of(fleet: Fleet, refresh: str) -> str:
    found = fleet.scaling.describe_instance_refreshes(AutoScalingGroupName=fleet.name, InstanceRefreshIds=[refresh])
    return found["InstanceRefreshes"][0]["Status"]


def test_a_rollout_under_load_fails_no_request(aws: Emulator, machines: str, balancer: str, tmp_path: Path):
    """A fleet boots its release from S3 by the real boot script; a refresh replaces it and not one request fails.

    The AWS CLI works with what the metadata service gives; a killed machine is replaced; all is gone in the end.
    """
    fleet = ShopFleet(aws)
    fleet.create(size=2, version=fleet.version(ONE), hook="boot")
    until(lambda: fleet.in_service(2))
    with Load(fleet.balancer["DNSName"]) as load:
        until(lambda: load.releases[ONE] > 100)
        refresh = fleet.refresh(fleet.version(TWO))
        until(lambda: status_of(fleet, refresh) == "Successful", 2 * ENOUGH)
        before = load.releases[TWO]
        until(lambda: load.releases[TWO] > before + 100)
    assert load.failures == []
    events = fleet.aws.client("logs").filter_log_events(logGroupName=LOGS)["events"]
    assert Counter(json.loads(event["message"])["event"] for event in events) == {"ready": 4}

    known = identity(aws, machines, fleet.instances[1]["InstanceId"], tmp_path)
    assert known["Account"] == "123456789012"

    victim = fleet.instances[0]["InstanceId"]
    kill = urllib.request.Request(f"{machines}/machines/{victim}/kill", method="POST", headers=BEARER)
    urllib.request.urlopen(kill, timeout=ENOUGH).close()
    until(lambda: fleet.in_service(2) and victim not in [one["InstanceId"] for one in fleet.instances])

    fleet.scaling.delete_auto_scaling_group(AutoScalingGroupName=fleet.name, ForceDelete=True)
    until(lambda: not list((tmp_path / "machines").iterdir()))
