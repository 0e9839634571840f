"""The instances that a command can be run on, and which one is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from release import names
from release.clients import client
from release.errors import ConsoleError
from release.rollout.observed import DeployedFleet

ID = re.compile(r"i-[0-9a-f]{8}([0-9a-f]{9})?")
_AT_ONCE = 200
_UP = ("pending", "running")
_SEE = "`python -m release status` shows the stack's fleets"


@dataclass(frozen=True, kw_only=True)
class Seat:
    """An instance, as its tags and EC2 describe it. `state` is EC2's."""

    id: str
    state: str
    launched: datetime
    stack: str
    fleet: str
    sha: str


class Seats:
    """The instances of one region."""

    def __init__(self, region: str | None = None) -> None:
        self._ec2 = client("ec2", region)

    def of(self, ids: Sequence[str]) -> list[Seat]:
        """Return these instances, without those that EC2 has forgotten (DescribeInstances)."""
        return [seat for start in range(0, len(ids), _AT_ONCE) for seat in self._some(ids[start : start + _AT_ONCE])]

    def _some(self, ids: Sequence[str]) -> Iterator[Seat]:
        # As a filter: an id that is gone is not found, where InstanceIds would refuse them all.
        pages = self._ec2.get_paginator("describe_instances").paginate(
            Filters=[{"Name": "instance-id", "Values": list(ids)}]
        )
        for page in pages:
            for reservation in page["Reservations"]:
                yield from map(_seat, reservation["Instances"])


def _seat(shown: Any) -> Seat:  # noqa: ANN401 - as boto3 has it
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in shown.get("Tags", ())}
    return Seat(
        id=str(shown["InstanceId"]),
        state=str(shown["State"]["Name"]),
        launched=shown["LaunchTime"],
        stack=tags.get(names.STACK_TAG, ""),
        fleet=tags.get(names.FLEET_TAG, ""),
        sha=tags.get(names.RELEASE_TAG, ""),
    )


def chosen(seats: Seats, fleets: Sequence[DeployedFleet], fleet: str | None, instance: str | None) -> Seat:
    """Return the instance that is meant: the named one, else the newest in service. Raises ConsoleError."""
    known = ", ".join(each.name for each in fleets)
    if fleet is not None and fleet not in [each.name for each in fleets]:
        raise ConsoleError(f"there is no fleet {fleet}; the stack has {known}")
    if instance is not None:
        return _named(seats, fleets, fleet, instance)
    if fleet is None and len(fleets) > 1:
        raise ConsoleError(f"which fleet? The stack has {known}: give --fleet, or --instance")
    wanted = [each for each in fleets if fleet in (None, each.name)]
    up = [seat for seat in seats.of(_in_service(wanted)) if seat.state == "running"]
    if not up:
        raise ConsoleError(f"fleet {wanted[0].name} has no instance in service; {_SEE}")
    return max(up, key=lambda seat: (seat.launched, seat.id))


def _named(seats: Seats, fleets: Sequence[DeployedFleet], fleet: str | None, instance: str) -> Seat:
    if not ID.fullmatch(instance):
        raise ConsoleError(f"--instance {instance[:50]!r} is not the id of an instance (i-0123456789abcdef0)")
    stack = fleets[0].stack
    found = next(iter(seats.of([instance])), None)
    if found is None or found.state not in _UP:
        state = "there is no such instance any more" if found is None else f"it is {found.state}"
        there = ", ".join(_in_service(fleets)[:10]) or "none"
        raise ConsoleError(f"instance {instance} is gone ({state}); in service in stack {stack}: {there}")
    if found.stack != stack or found.fleet not in [each.name for each in fleets]:
        raise ConsoleError(f"instance {instance} is none of stack {stack}'s; {_SEE}")
    if fleet not in (None, found.fleet):
        raise ConsoleError(f"instance {instance} is of fleet {found.fleet}, not {fleet}")
    return found


def _in_service(fleets: Sequence[DeployedFleet]) -> list[str]:
    return [member.id for fleet in fleets for member in fleet.group.instances if member.in_service]
