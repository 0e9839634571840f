"""Keeps a group at its capacity, evenly over its zones."""

from collections.abc import Sequence
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models.instances import Instance

from sandbox.aws.autoscaling.configuration import LaunchSource
from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.hooks import LAUNCHING, Action
from sandbox.aws.autoscaling.lifecycle import terminate
from sandbox.aws.autoscaling.members import Member
from sandbox.aws.autoscaling.zones import emptiest, first_to_go
from sandbox.aws.faults.models import switchboard
from sandbox.aws.state import Tick, state

GROUP_TAG = "aws:autoscaling:groupName"


class InsufficientCapacity(ServiceException):
    """InsufficientInstanceCapacity, in EC2's words; only by a fault on request."""

    code = "InsufficientInstanceCapacity"

    def __init__(self, instance_type: str, zone: str) -> None:
        super().__init__(
            f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested "
            f"({zone}). Our system will be working on provisioning additional capacity"
        )


def reconcile(group: Group, tick: Tick, *, target: int, ceiling: int) -> None:
    """Launch until `target` instances are active, terminate while there are more than `ceiling`."""
    missing = target - len(group.active())
    if missing > 0 and not group.suspended("Launch"):
        if tick.now < group.launch_not_before:
            tick.at(group.launch_not_before)
        else:
            launch(group, missing, tick)
    while len(group.active()) > ceiling and not group.suspended("Terminate"):
        victim = _victim(group)
        if victim is None:
            break
        terminate(group, victim, f"{_difference(group, ceiling)} shrinking the capacity.", tick)


def _difference(group: Group, wanted: int) -> str:
    have = len(group.active())
    return (
        "an instance was taken out of service in response to a difference between desired and actual capacity,"
        f" from {have} to {wanted},"
    )


def _victim(group: Group) -> Member | None:
    candidates = [m for m in group.active() if m.in_service and not m.protected_from_scale_in]
    candidates = candidates or [m for m in group.active() if m.pending]
    if not candidates:
        return None
    # First of all, whether one on demand or a spot one goes: as it keeps the distribution (EC2 Auto Scaling user guide,
    # "Control which Auto Scaling instances terminate during scale in").
    active = group.active()
    spare = _on_demand(active) > group.launch_configuration_now.on_demand(len(active) - 1)
    candidates = [m for m in candidates if m.spot is not spare] or candidates
    return first_to_go(candidates, [m.zone for m in active], _outdated(group, candidates))


def _on_demand(members: Sequence[Member]) -> int:
    return sum(not member.spot for member in members)


def _outdated(group: Group, members: Sequence[Member]) -> list[Member]:
    """Return the instances that were not launched from the group's current configuration."""
    current = group.launch_configuration_now
    return [m for m in members if not current.matches(group.ec2, m.launch_template, str(m.instance_type))]


def launch(group: Group, count: int, tick: Tick) -> None:
    """Launch `count` instances; where EC2 refuses, the activity says why and the group tries again later."""
    for _ in range(count):
        placements = switchboard.now.usable(dict(group.placements))
        outdated = _outdated(group, group.active())
        staying = [m for m in group.active() if m not in outdated]
        zone = emptiest(list(placements), [m.zone for m in staying], [m.zone for m in outdated])
        spot = _on_demand(staying) >= group.launch_configuration_now.on_demand(len(staying) + 1)
        refresh = group.active_refresh
        have = len(group.active())
        cause = (
            "an instance was launched in response to an instance refresh."
            if refresh
            else "an instance was started in response to a difference between desired and actual capacity, "
            f"increasing the capacity from {have} to {have + 1}."
        )
        activity = group.record("Launching a new EC2 instance", cause, zone, placements[zone])
        try:
            source = group.launch_configuration_now.resolve(group.ec2)
            instance = _run(group, source, zone, placements[zone], spot=spot)
        except ServiceException as error:
            message = f"{error.message}. Launching EC2 instance failed."
            activity.end("Failed", message)
            group.failed(tick.now)
            tick.at(group.launch_not_before)
            state.wake()
            return
        activity.description += f": {instance.id}"
        member = Member(
            instance=instance,
            group=group,
            source=source,
            activity=activity,
            refresh=refresh.marker if refresh else None,
            now=tick.now,
        )
        # Open from the start: a machine that is quick may complete its hook before its port is known here.
        member.actions = {hook.name: Action(hook, tick.now) for hook in group.hooks_for(LAUNCHING)}
        group.members.append(member)
    state.wake()


def _run(group: Group, source: LaunchSource, zone: str, subnet: str | None, *, spot: bool) -> Instance:
    if switchboard.now.refuses(zone):
        raise InsufficientCapacity(str(source.instance_type), zone)
    template = source.template
    tags = {**template.instance_tags, **group.get_propagated_tags(), GROUP_TAG: group.name}
    interfaces = template.data.get("NetworkInterfaces") or [{}]
    reservation = group.ec2.run_instances(
        template.image_id,
        1,
        None,
        [],
        instance_type=source.instance_type,
        is_instance_type_default=False,
        region_name=group.region,
        placement=zone,
        subnet_id=subnet,
        associate_public_ip=interfaces[0].get("AssociatePublicIpAddress"),
        tags={"instance": tags, "volume": _volume_tags(template.data)},
        launch_template={
            "LaunchTemplateId": template.template.id,
            "Version": str(template.number),
        },
        monitoring_state="enabled" if (template.data.get("Monitoring") or {}).get("Enabled") else "disabled",
        instance_market_options={"MarketType": "spot"} if spot else None,
        ebs_optimized=bool(template.data.get("EbsOptimized")),
    )
    return reservation.instances[0]


def _volume_tags(data: dict[str, Any]) -> dict[str, str]:
    return {
        tag["Key"]: tag["Value"]
        for specification in data.get("TagSpecifications") or []
        if specification.get("ResourceType") == "volume"
        for tag in specification.get("Tags") or []
    }
