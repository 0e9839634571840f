"""A real account, which these tests use where one was named: what they make is tagged and named after the run."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3

PROFILE, REGION, RUN = ("SLIPWAY_TEST_PROFILE", "SLIPWAY_TEST_REGION", "SLIPWAY_TEST_RUN")
TAG = "slipway:test"
PREFIX = "slipway-test-"
SLOWER = 30
"""How many times as long AWS takes as the emulator: an instance boots in half a minute there, in none here."""

_EC2 = {
    "CreateVpc": "vpc",
    "CreateSubnet": "subnet",
    "CreateSecurityGroup": "security-group",
    "CreateRouteTable": "route-table",
    "CreateVpcEndpoint": "vpc-endpoint",
    "CreateLaunchTemplate": "launch-template",
}
_TAGGED = {
    "elastic-load-balancing-v2": ("CreateLoadBalancer", "CreateTargetGroup", "CreateListener"),
    "auto-scaling": ("CreateAutoScalingGroup",),
    "cloudwatch": ("PutMetricAlarm",),
}


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account and a region, and what this run is called there."""

    profile: str
    region: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:6])
    grace: int = 120
    """Seconds that a new instance may be unhealthy."""
    interval: float = 5.0
    """Seconds between two looks."""
    is_real: bool = True

    @staticmethod
    def named() -> Account | None:
        """Return the account that the environment names (`python -m tests.aws` does so), None for the emulator."""
        if PROFILE not in os.environ:
            return None
        return Account(profile=os.environ[PROFILE], region=os.environ[REGION], run=os.environ[RUN])

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(profile_name=self.profile, region_name=self.region)

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client that tags whatever it makes."""
        made = self._session.client(service, region_name=region)  # pyright: ignore[reportCallIssue, reportArgumentType]
        events: Any = made.meta.events
        for operation in _EC2:
            events.register(f"before-parameter-build.ec2.{operation}", self._tag_ec2)
        for name, operations in _TAGGED.items():
            for operation in operations:
                events.register(f"before-parameter-build.{name}.{operation}", self._tag)
        events.register("before-parameter-build.s3.CreateBucket", self._tag_bucket)
        return made

    def name(self) -> str:
        """Return a name that nothing else has, of 28 characters at most, by which the sweep finds what has it."""
        return f"{PREFIX}{self.run}-{uuid.uuid4().hex[:8]}"

    def seconds(self, emulated: float) -> int:
        """Return how long something takes, or has to, that takes `emulated` seconds in the emulator."""
        return int(emulated * SLOWER)

    def _tag(self, params: dict[str, Any], **_: object) -> None:
        more = {"PropagateAtLaunch": True} if "AutoScalingGroupName" in params else {}
        params["Tags"] = [*params.get("Tags", ()), {"Key": TAG, "Value": self.run, **more}]

    def _tag_ec2(self, params: dict[str, Any], model: Any, **_: object) -> None:
        kind = _EC2[model.name]
        given: list[dict[str, Any]] = params.get("TagSpecifications", [])
        tags = [tag for each in given for tag in each["Tags"]]
        params["TagSpecifications"] = [{"ResourceType": kind, "Tags": [*tags, {"Key": TAG, "Value": self.run}]}]

    def _tag_bucket(self, params: dict[str, Any], **_: object) -> None:
        configuration = params.setdefault("CreateBucketConfiguration", {})
        configuration["Tags"] = [{"Key": TAG, "Value": self.run}]
