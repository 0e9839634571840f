"""AWS's answers as plain values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from release import names
from release.rollout.observed import DeployedFleet, Group, Instance, Refresh, Template


def _template(shown: Mapping[str, Any] | None) -> Template | None:
    if not shown:
        return None
    return Template(id=str(shown["LaunchTemplateId"]), version=str(shown.get("Version", "")))


def configured_template(shown: Mapping[str, Any]) -> Template | None:
    """The launch template of a group or a DesiredConfiguration; both may hold it in a mixed instances policy."""
    mixed = shown.get("MixedInstancesPolicy")
    if mixed:
        return _template(mixed["LaunchTemplate"]["LaunchTemplateSpecification"])
    return _template(shown.get("LaunchTemplate"))


def group(shown: Mapping[str, Any]) -> Group:
    return Group(
        name=str(shown["AutoScalingGroupName"]),
        desired=int(shown["DesiredCapacity"]),
        largest=int(shown["MaxSize"]),
        template=configured_template(shown),
        target_group_arns=tuple(shown.get("TargetGroupARNs", ())),
        instances=tuple(
            Instance(
                id=str(member["InstanceId"]),
                zone=str(member["AvailabilityZone"]),
                state=str(member["LifecycleState"]),
                health=str(member["HealthStatus"]).capitalize(),
                template=_template(member.get("LaunchTemplate")),
            )
            for member in shown["Instances"]
        ),
    )


def refresh(shown: Mapping[str, Any]) -> Refresh:
    started = shown.get("StartTime")
    return Refresh(
        id=str(shown["InstanceRefreshId"]),
        status=str(shown["Status"]),
        reason=str(shown.get("StatusReason") or ""),
        rollback_reason=str((shown.get("RollbackDetails") or {}).get("RollbackReason") or ""),
        percentage=int(shown.get("PercentageComplete") or 0),
        template=configured_template(shown.get("DesiredConfiguration") or {}),
        started=started.timestamp() if started else None,
    )


def fleet(shown: Mapping[str, Any]) -> DeployedFleet:
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in shown["Tags"]}
    name = tags.get(names.FLEET_TAG, str(shown["AutoScalingGroupName"]))
    return DeployedFleet(
        name=name,
        group=group(shown),
        store=tags.get(names.STORE_TAG, ""),
        log_group=names.log_group_name(tags.get(names.STACK_TAG, ""), name),
    )
