"""The instances of release phases, in one region: launches them, finds them, ends them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from release import names
from release.clients import client, code, explained
from release.errors import ReleaseError, RolloutError
from release.phase.spec import PhaseSpec, Place, Running

_GOES_ON = ("pending", "running")
_NO_ROOM = {
    "InsufficientInstanceCapacity", "InsufficientFreeAddressesInSubnet", "InsufficientHostCapacity", "Unsupported",
    "VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded",
}  # fmt: skip
_NOT_YET = "Invalid IAM Instance Profile"
"""A profile that was made just now is not known everywhere (IAM user guide, "Troubleshooting IAM")."""
_TRIES, _PAUSE = 10, 3.0
_GONE_WITHIN = 60.0


class NoRoomError(ReleaseError):
    """No zone has capacity for any of the fleet's instance types; the message says what EC2 said."""


class Instances:
    """The instances of release phases."""

    def __init__(self, region: str | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._ec2 = client("ec2", region)
        self._sleep = sleep

    def running(self, stack: str) -> list[Running]:
        """Return the stack's phases that are under way, the oldest first."""
        filters: list[Any] = [
            {"Name": f"tag:{names.STACK_TAG}", "Values": [stack]},
            {"Name": "tag-key", "Values": [names.PHASE_TAG]},
            {"Name": "instance-state-name", "Values": list(_GOES_ON)},
        ]
        with explained("look for a release phase that is under way", f"stack {stack}"):
            pages = self._ec2.get_paginator("describe_instances").paginate(Filters=filters)
            shown: list[Any] = [each for page in pages for some in page["Reservations"] for each in some["Instances"]]
        return [_running(each) for each in sorted(shown, key=lambda each: (each["LaunchTime"], each["InstanceId"]))]

    def launch(self, spec: PhaseSpec, place: Place, token: Callable[[str, str], str]) -> str | None:
        """Launch the instance where there is room, and return its id; None if another deployer launches it differently.

        `token` makes the client token for a subnet and a type: asked twice, EC2 launches once. Raises NoRoomError, or
        RolloutError if AWS refuses.
        """
        said = ""
        with explained("launch the instance of the release phase", f"fleet {spec.fleet}", RolloutError):
            for kind in place.types:
                for subnet in place.subnets:
                    try:
                        return self._launch(spec, place, subnet, kind, token(subnet, kind))
                    except ClientError as error:
                        if code(error) == "IdempotentParameterMismatch":
                            return None
                        if code(error) not in _NO_ROOM:
                            raise
                        said = str(error)
        raise NoRoomError(
            f"no instance for the release phase in any zone of fleet {spec.fleet} ({', '.join(place.types)}), so that "
            f"nothing was replaced: {said}. Run `pulumi up` again later, or name more types in "
            f"fleets.{spec.fleet}.instanceTypes"
        )

    def _launch(self, spec: PhaseSpec, place: Place, subnet: str, kind: str, token: str) -> str:
        tags = [{"Key": key, "Value": value} for key, value in place.own_tags(spec).items()]
        wanted: Any = {
            "ClientToken": token,
            "MinCount": 1,
            "MaxCount": 1,
            "LaunchTemplate": {"LaunchTemplateId": place.template, "Version": place.version},
            "InstanceType": kind,
            "SubnetId": subnet,
            "UserData": place.user_data,
            "InstanceInitiatedShutdownBehavior": "terminate",
            "TagSpecifications": [{"ResourceType": each, "Tags": tags} for each in ("instance", "volume")],
        }
        for left in range(_TRIES, 0, -1):
            try:
                return str(self._ec2.run_instances(**wanted)["Instances"][0].get("InstanceId"))
            except ClientError as error:
                if left == 1 or _NOT_YET not in str(error):
                    raise
            self._sleep(_PAUSE)
        raise AssertionError

    def goes_on(self, instance: str) -> bool | None:
        """Return whether an instance is pending or running; None if EC2 does not know it (yet)."""
        try:
            shown = self._ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        except ClientError as error:
            if code(error).startswith("InvalidInstanceID"):
                return None
            raise
        states = [each.get("State", {}).get("Name") for some in shown for each in some.get("Instances", [])]
        return states[0] in _GOES_ON if states else None

    def end(self, instance: str) -> None:
        """Terminate the instance; return once EC2 says that it goes. Raises RolloutError if it does not in a minute."""
        with explained(f"terminate {instance}", "the release phase", RolloutError):
            until = time.monotonic() + _GONE_WITHIN
            while True:
                try:
                    self._ec2.terminate_instances(InstanceIds=[instance])
                except ClientError as error:
                    if not code(error).startswith("InvalidInstanceID"):
                        raise
                if not self.goes_on(instance):
                    return
                if time.monotonic() > until:
                    raise RolloutError(
                        f"{instance}, which ran the release phase, is still there: "
                        f"`aws ec2 terminate-instances --instance-ids {instance}`"
                    )
                self._sleep(1)


def _running(shown: Any) -> Running:  # noqa: ANN401
    tags = {tag["Key"]: tag["Value"] for tag in shown.get("Tags", [])}
    return Running(
        instance=shown["InstanceId"],
        sha=tags.get(names.RELEASE_TAG, ""),
        digest=tags.get(names.PHASE_TAG, ""),
        launched=f"{shown['LaunchTime']:%Y-%m-%d %H:%M} UTC",
    )
