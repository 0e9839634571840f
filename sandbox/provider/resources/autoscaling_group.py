"""aws.autoscaling: Group. Like upstream, a creation waits for capacity, and a deletion for the last instance to go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import first, from_aws, to_aws
from sandbox.provider.schema import Autoname, Field, Props, Resource, block, flag, items, number, text, unordered

_TEMPLATE = {
    "id": text(aws="LaunchTemplateId", computed=True),
    "name": text(aws="LaunchTemplateName", computed=True),
    "version": text(computed=True),
}
_TEMPLATE_SPECIFICATION = {
    "launchTemplateId": text(computed=True),
    "launchTemplateName": text(computed=True),
    "version": text(computed=True),
}
_OVERRIDE = {
    "instanceType": text(),
    "weightedCapacity": text(),
    "launchTemplateSpecification": block(_TEMPLATE_SPECIFICATION),
}
_DISTRIBUTION = {
    "onDemandAllocationStrategy": text(computed=True),
    "onDemandBaseCapacity": number(computed=True),
    "onDemandPercentageAboveBaseCapacity": number(computed=True),
    "spotAllocationStrategy": text(computed=True),
    "spotInstancePools": number(computed=True),
    "spotMaxPrice": text(),
}
_MIXED = {
    "launchTemplate": block(
        {
            "launchTemplateSpecification": block(_TEMPLATE_SPECIFICATION, required=True),
            "overrides": items(block(_OVERRIDE)),
        },
        required=True,
    ),
    "instancesDistribution": block(_DISTRIBUTION, computed=True),
}
_HOOK = {
    "name": text(required=True, aws="LifecycleHookName"),
    "lifecycleTransition": text(required=True),
    "defaultResult": text(),
    "heartbeatTimeout": number(),
    "notificationMetadata": text(),
    "notificationTargetArn": text(aws="NotificationTargetARN"),
    "roleArn": text(aws="RoleARN"),
}
_TAG = {
    "key": text(required=True),
    "value": text(required=True),
    "propagateAtLaunch": flag(required=True),
}
_MAINTENANCE = {"maxHealthyPercentage": number(required=True), "minHealthyPercentage": number(required=True)}
# AWS leaves these out where they are not set; moto always does, so that their absence proves nothing.
_UNRELIABLE = {
    "availabilityZoneDistribution",
    "context",
    "defaultInstanceWarmup",
    "desiredCapacityType",
    "instanceMaintenancePolicy",
    "maxInstanceLifetime",
}
# What CreateAutoScalingGroup and UpdateAutoScalingGroup both take as it is.
_SETTINGS: dict[str, Field] = {
    "minSize": number(required=True),
    "maxSize": number(required=True),
    "desiredCapacity": number(computed=True),
    "desiredCapacityType": text(),
    "launchTemplate": block(_TEMPLATE),
    "mixedInstancesPolicy": block(_MIXED),
    "availabilityZones": unordered(computed=True),
    "availabilityZoneDistribution": block({"capacityDistributionStrategy": text(computed=True)}, computed=True),
    "capacityRebalance": flag(),
    "context": text(),
    "defaultCooldown": number(computed=True),
    "defaultInstanceWarmup": number(),
    "healthCheckGracePeriod": number(default=300),
    "healthCheckType": text(computed=True),
    "instanceMaintenancePolicy": block(_MAINTENANCE),
    "maxInstanceLifetime": number(),
    "placementGroup": text(),
    "protectFromScaleIn": flag(default=False, aws="NewInstancesProtectedFromScaleIn"),
    "serviceLinkedRoleArn": text(aws="ServiceLinkedRoleARN", computed=True),
    "terminationPolicies": items(),
}
_FIELDS: dict[str, Field] = {
    **_SETTINGS,
    "name": text(replace=True, computed=True, aws="AutoScalingGroupName"),
    "namePrefix": text(replace=True),
    "vpcZoneIdentifiers": unordered(computed=True, aws="VPCZoneIdentifier"),
    "targetGroupArns": unordered(computed=True, aws="TargetGroupARNs"),
    "initialLifecycleHooks": unordered(block(_HOOK), aws="LifecycleHookSpecificationList"),
    "tags": unordered(block(_TAG)),
    "enabledMetrics": unordered(),
    "metricsGranularity": text(default="1Minute"),
    "suspendedProcesses": unordered(),
    "forceDelete": flag(default=False),
    "ignoreFailedScalingActivities": flag(default=False),
    "waitForCapacityTimeout": text(default="10m"),
}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_DRAIN = 600.0  # seconds, upstream's default for the deletion of a group


def _create(call: Call, props: Props) -> str:
    name = str(props["name"])
    parameters = to_aws({**_SETTINGS, "name": _FIELDS["name"]}, props)
    parameters |= to_aws(_FIELDS, props, "targetGroupArns", "initialLifecycleHooks")
    if props.get("vpcZoneIdentifiers"):
        parameters["VPCZoneIdentifier"] = ",".join(props["vpcZoneIdentifiers"])
    call.client("autoscaling").create_auto_scaling_group(**parameters, Tags=_tags(name, props.get("tags") or []))
    call.created(name)
    _set_metrics(call, name, {}, props)
    _set_suspended(call, name, {}, props)
    _await_capacity(call, name, props)
    return name


def _tags(name: str, tags: Sequence[Props]) -> list[dict[str, Any]]:
    return [{**to_aws(_TAG, t), "ResourceId": name, "ResourceType": "auto-scaling-group"} for t in tags]


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    autoscaling = call.client("autoscaling")
    parameters = to_aws(_SETTINGS, new, *(changed & set(_SETTINGS))) if changed & set(_SETTINGS) else {}
    if "vpcZoneIdentifiers" in changed:
        parameters["VPCZoneIdentifier"] = ",".join(new.get("vpcZoneIdentifiers") or [])
    for name, cleared in (("maxInstanceLifetime", 0), ("defaultInstanceWarmup", -1)):
        if name in changed and new.get(name) is None:
            parameters[_SETTINGS[name].aws_name(name)] = cleared
    if parameters:
        autoscaling.update_auto_scaling_group(AutoScalingGroupName=id_, **parameters)
    if "targetGroupArns" in changed:
        _set_target_groups(call, id_, new)
    if "tags" in changed:
        _set_tags(call, id_, old, new)
    if changed & {"enabledMetrics", "metricsGranularity"}:
        _set_metrics(call, id_, old, new)
    if "suspendedProcesses" in changed:
        _set_suspended(call, id_, old, new)
    if changed & {"minSize", "desiredCapacity"}:
        _await_capacity(call, id_, new)


def _set_target_groups(call: Call, name: str, new: Props) -> None:
    autoscaling, group = call.client("autoscaling"), _group(call, name) or {}
    have, want = set(group.get("TargetGroupARNs", [])), set(new.get("targetGroupArns") or [])
    if want - have:
        autoscaling.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=sorted(want - have))
    if have - want:
        autoscaling.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=sorted(have - want))


def _set_tags(call: Call, name: str, old: Props, new: Props) -> None:
    keep = {t["key"] for t in new.get("tags") or []}
    gone = [t for t in old.get("tags") or [] if t["key"] not in keep]
    if gone:
        call.client("autoscaling").delete_tags(Tags=_tags(name, gone))
    if keep:
        call.client("autoscaling").create_or_update_tags(Tags=_tags(name, new["tags"]))


def _set_metrics(call: Call, name: str, old: Props, new: Props) -> None:
    gone = sorted(set(old.get("enabledMetrics") or []) - set(new.get("enabledMetrics") or []))
    if gone:
        call.client("autoscaling").disable_metrics_collection(AutoScalingGroupName=name, Metrics=gone)
    if new.get("enabledMetrics"):
        call.client("autoscaling").enable_metrics_collection(
            AutoScalingGroupName=name, Metrics=new["enabledMetrics"], Granularity=new["metricsGranularity"]
        )


def _set_suspended(call: Call, name: str, old: Props, new: Props) -> None:
    have, want = set(old.get("suspendedProcesses") or []), set(new.get("suspendedProcesses") or [])
    if have - want:
        call.client("autoscaling").resume_processes(AutoScalingGroupName=name, ScalingProcesses=sorted(have - want))
    if want - have:
        call.client("autoscaling").suspend_processes(AutoScalingGroupName=name, ScalingProcesses=sorted(want - have))


def _await_capacity(call: Call, name: str, props: Props) -> None:
    """Upstream's rule: as many instances in service as desired, or as the minimum where nothing is desired."""
    seconds = _seconds(props["waitForCapacityTimeout"])
    target = int(props.get("desiredCapacity") or props["minSize"])
    if not seconds or not target:
        return
    call.wait(f"{target} instances in service in {name}", lambda: _in_service(call, name) >= target, seconds)


def _in_service(call: Call, name: str) -> int:
    instances = (_group(call, name) or {}).get("Instances", [])
    return sum(i["LifecycleState"] == "InService" and i["HealthStatus"] == "Healthy" for i in instances)


def _seconds(duration: str) -> float:
    match = _DURATION.fullmatch(duration)
    hours, minutes, seconds = (int(g or 0) for g in match.groups()) if match else (0, 0, 0)
    return 3600.0 * hours + 60.0 * minutes + seconds


def _group(call: Call, name: str) -> dict[str, Any] | None:
    reply = call.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return first(reply["AutoScalingGroups"])


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    group = _group(call, id_)
    if group is None or group.get("Status"):  # set only while the group is being deleted
        return None
    metrics = group.get("EnabledMetrics", [])
    settings = from_aws(_SETTINGS, group)
    if settings["terminationPolicies"] == ["Default"]:
        settings["terminationPolicies"] = prior.get("terminationPolicies")
    return {
        **{k: v for k, v in settings.items() if v is not None or k not in _UNRELIABLE},
        **from_aws(_FIELDS, group, "targetGroupArns", "tags"),
        "name": id_,
        "vpcZoneIdentifiers": [z for z in group.get("VPCZoneIdentifier", "").split(",") if z],
        "enabledMetrics": [m["Metric"] for m in metrics],
        "suspendedProcesses": [p["ProcessName"] for p in group.get("SuspendedProcesses", [])],
        "arn": group["AutoScalingGroupARN"],
    }


def _delete(call: Call, id_: str, state: Props) -> None:
    autoscaling, force = call.client("autoscaling"), bool(state.get("forceDelete"))
    if _group(call, id_) is None:
        return
    if not force:
        autoscaling.update_auto_scaling_group(AutoScalingGroupName=id_, MinSize=0, MaxSize=0, DesiredCapacity=0)
        call.wait(f"the instances of {id_} to go", lambda: not (_group(call, id_) or {}).get("Instances"), _DRAIN)
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=id_, ForceDelete=force)
    call.wait(f"{id_} to be deleted", lambda: _group(call, id_) is None, _DRAIN)


def _check(inputs: Props) -> Sequence[tuple[str, str]]:
    if ("launchTemplate" in inputs) == ("mixedInstancesPolicy" in inputs):
        return [("launchTemplate", "set exactly one of launchTemplate and mixedInstancesPolicy")]
    timeout = inputs["waitForCapacityTimeout"]
    if isinstance(timeout, str) and not (timeout and _DURATION.fullmatch(timeout)):
        return [("waitForCapacityTimeout", f"must be a duration like 10m, or 0, is {timeout!r}")]
    return ()


RESOURCES = (
    Resource(
        type="aws:autoscaling/group:Group",
        cfn="AWS::AutoScaling::AutoScalingGroup",
        fields=_FIELDS,
        outputs=("arn",),
        autoname=Autoname(),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        check=_check,
    ),
)
