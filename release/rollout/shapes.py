"""The shapes of the Auto Scaling API, from and to plain values. Pure.

Pulumi's side of a launch template's shape is release/component/instances.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from release import names
from release.rollout.observed import DeployedFleet, Group, Instance, Refresh, Template


def configured_template(shown: Mapping[str, Any]) -> Template | None:
    """Return the launch template version of a group or a DesiredConfiguration, or of its mixed instances policy."""
    mixed = shown.get("MixedInstancesPolicy")
    return _template(mixed["LaunchTemplate"]["LaunchTemplateSpecification"] if mixed else shown.get("LaunchTemplate"))


def specification(template: Template) -> dict[str, str]:
    """Return a LaunchTemplateSpecification."""
    return {"LaunchTemplateId": template.id, "Version": template.version}


def with_template(shown: Mapping[str, Any], template: Template) -> dict[str, Any]:
    """Return the DesiredConfiguration that keeps all of a group but its launch template version."""
    mixed = shown.get("MixedInstancesPolicy")
    if not mixed:
        return {"LaunchTemplate": specification(template)}
    launch = {**mixed["LaunchTemplate"], "LaunchTemplateSpecification": specification(template)}
    return {"MixedInstancesPolicy": {**mixed, "LaunchTemplate": launch}}


def group(shown: Mapping[str, Any]) -> Group:
    """Return a group as DescribeAutoScalingGroups shows it."""
    return Group(
        name=str(shown["AutoScalingGroupName"]),
        desired=int(shown["DesiredCapacity"]),
        largest=int(shown["MaxSize"]),
        least=int(shown["MinSize"]),
        zones=len(shown.get("AvailabilityZones", ())),
        posture=next((str(tag["Value"]) for tag in shown.get("Tags", ()) if tag["Key"] == names.POSTURE_TAG), ""),
        template=configured_template(shown),
        target_group_arns=tuple(shown.get("TargetGroupARNs", ())),
        balanced="ELB" in str(shown.get("HealthCheckType", "ELB")).split(","),
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


def is_job(shown: Mapping[str, Any]) -> bool:
    """Return whether a group is one of scheduled work, and no fleet."""
    return any(tag["Key"] == names.JOB_TAG for tag in shown.get("Tags", ()))


def fleet(shown: Mapping[str, Any]) -> DeployedFleet:
    """Return the fleet that a group is, by its tags."""
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in shown["Tags"]}
    name = tags.get(names.FLEET_TAG, str(shown["AutoScalingGroupName"]))
    return DeployedFleet(
        name=name,
        group=group(shown),
        store=tags.get(names.STORE_TAG, ""),
        log_group=names.log_group_name(tags.get(names.STACK_TAG, ""), name),
        stack=tags.get(names.STACK_TAG, ""),
        posture=tags.get(names.POSTURE_TAG, ""),
        size=tags.get(names.SIZE_TAG, ""),
    )


def refresh(shown: Mapping[str, Any]) -> Refresh:
    """Return a refresh as DescribeInstanceRefreshes shows it."""
    started = shown.get("StartTime")
    return Refresh(
        id=str(shown["InstanceRefreshId"]),
        status=str(shown["Status"]),
        reason=str(shown.get("StatusReason") or ""),
        rollback_reason=str((shown.get("RollbackDetails") or {}).get("RollbackReason") or ""),
        percentage=int(shown.get("PercentageComplete") or 0),
        template=configured_template(shown.get("DesiredConfiguration") or {}),
        started=started.timestamp() if started else None,
        checkpoints=tuple(int(step) for step in (shown.get("Preferences") or {}).get("CheckpointPercentages") or ()),
    )


def _template(shown: Mapping[str, Any] | None) -> Template | None:
    if not shown:
        return None
    return Template(id=str(shown["LaunchTemplateId"]), version=str(shown.get("Version", "")))
