"""AWS's answers as plain values, and which launch template version is in them. Pure.

A group, an instance refresh and a DesiredConfiguration name the version in the same shape: by themselves, or in a mixed
instances policy. Pulumi's side of that is release/component/instances.py.
"""

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


def specification(template: Template) -> dict[str, str]:
    """Return the template as LaunchTemplateSpecification of the API."""
    return {"LaunchTemplateId": template.id, "Version": template.version}


def with_template(shown: Mapping[str, Any], template: Template) -> dict[str, Any]:
    """Return a group's configuration with another template, as a DesiredConfiguration."""
    mixed = shown.get("MixedInstancesPolicy")
    if not mixed:
        return {"LaunchTemplate": specification(template)}
    launch = {**mixed["LaunchTemplate"], "LaunchTemplateSpecification": specification(template)}
    return {"MixedInstancesPolicy": {**mixed, "LaunchTemplate": launch}}


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
