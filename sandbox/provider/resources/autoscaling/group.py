"""aws.autoscaling.Group. Like upstream, a creation waits for capacity, and a deletion for the last instance to go."""

import re

from sandbox.provider.kit import Autoname, Call, Gone, Problems, Props, Resource, first, to_aws

RESOURCE = Resource(
    __name__,
    "AWS::AutoScaling::AutoScalingGroup",
    autoname=Autoname(),
    unserved="capacityReservationSpecification forceDeleteWarmPool instanceLifecyclePolicy instanceRefresh"
    " launchConfiguration loadBalancers minElb* *.instanceRequirements trafficSources waitForElb* warmPool",
    computed="launchTemplate.* *.launchTemplateSpecification.* *.instancesDistribution *Strategy *.onDemand*"
    " *.spotInstancePools",
    given="launchTemplate mixedInstancesPolicy",
    ordered="*.overrides terminationPolicies",
    off="forceDelete ignoreFailedScalingActivities protectFromScaleIn",
    defaults={"healthCheckGracePeriod": 300, "metricsGranularity": "1Minute", "waitForCapacityTimeout": "10m"},
    names={
        "initialLifecycleHooks": "LifecycleHookSpecificationList",
        "initialLifecycleHooks.name": "LifecycleHookName",
        "initialLifecycleHooks.notificationTargetArn": "NotificationTargetARN",
        "initialLifecycleHooks.roleArn": "RoleARN",
        "launchTemplate.id": "LaunchTemplateId",
        "launchTemplate.name": "LaunchTemplateName",
        "name": "AutoScalingGroupName",
        "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
        "serviceLinkedRoleArn": "ServiceLinkedRoleARN",
        "targetGroupArns": "TargetGroupARNs",
        "vpcZoneIdentifiers": "VPCZoneIdentifier",
    },
)
# What CreateAutoScalingGroup and UpdateAutoScalingGroup do not both take as it is.
_APART = {
    *("name", "namePrefix", "vpcZoneIdentifiers", "targetGroupArns", "initialLifecycleHooks", "tags"),
    *("enabledMetrics", "metricsGranularity", "suspendedProcesses"),
    *("forceDelete", "ignoreFailedScalingActivities", "waitForCapacityTimeout"),
}
# AWS leaves these out of DescribeAutoScalingGroups if they are not set, moto always, so absence proves nothing:
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
_UNRELIABLE = {
    *("availabilityZoneDistribution", "context", "defaultInstanceWarmup", "desiredCapacityType"),
    *("instanceMaintenancePolicy", "maxInstanceLifetime"),
}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_DRAIN = 600.0  # seconds, upstream's default for the deletion of a group


def _settings() -> set[str]:
    return set(RESOURCE.fields) - _APART


def create(call: Call, inputs: Props) -> str:
    name = str(inputs["name"])
    parameters = RESOURCE.to_aws(inputs, *_settings(), "name", "targetGroupArns", "initialLifecycleHooks")
    if inputs.get("vpcZoneIdentifiers"):
        parameters["VPCZoneIdentifier"] = ",".join(inputs["vpcZoneIdentifiers"])
    call.client("autoscaling").create_auto_scaling_group(**parameters, Tags=_tags(name, inputs.get("tags") or []))
    call.created(name)
    _set_metrics(call, name, {}, inputs)
    _set_suspended(call, name, {}, inputs)
    _await_capacity(call, name, inputs)
    return name


def _tags(name: str, tags: list[Props]) -> list[Props]:
    fields = RESOURCE.fields["tags"].inner
    return [{**to_aws(fields, t), "ResourceId": name, "ResourceType": "auto-scaling-group"} for t in tags]


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    autoscaling, settings = call.client("autoscaling"), changed & _settings()
    parameters = RESOURCE.to_aws(new, *settings) if settings else {}
    if "vpcZoneIdentifiers" in changed:
        parameters["VPCZoneIdentifier"] = ",".join(new.get("vpcZoneIdentifiers") or [])
    for name, cleared in (("maxInstanceLifetime", 0), ("defaultInstanceWarmup", -1)):
        if name in changed and new.get(name) is None:
            parameters[RESOURCE.fields[name].aws_name(name)] = cleared
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
    more, gone = _difference(group.get("TargetGroupARNs"), new.get("targetGroupArns"))
    if more:
        autoscaling.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=more)
    if gone:
        autoscaling.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=gone)


def _difference(have: list[str] | None, want: list[str] | None) -> tuple[list[str], list[str]]:
    """Return what is to come and what is to go."""
    have_, want_ = set(have or ()), set(want or ())
    return sorted(want_ - have_), sorted(have_ - want_)


def _set_tags(call: Call, name: str, old: Props, new: Props) -> None:
    keep = {t["key"] for t in new.get("tags") or []}
    gone = [t for t in old.get("tags") or [] if t["key"] not in keep]
    if gone:
        call.client("autoscaling").delete_tags(Tags=_tags(name, gone))
    if keep:
        call.client("autoscaling").create_or_update_tags(Tags=_tags(name, new["tags"]))


def _set_metrics(call: Call, name: str, old: Props, new: Props) -> None:
    autoscaling = call.client("autoscaling")
    _, gone = _difference(old.get("enabledMetrics"), new.get("enabledMetrics"))
    if gone:
        autoscaling.disable_metrics_collection(AutoScalingGroupName=name, Metrics=gone)
    if new.get("enabledMetrics"):
        autoscaling.enable_metrics_collection(
            AutoScalingGroupName=name, Metrics=new["enabledMetrics"], Granularity=new["metricsGranularity"]
        )


def _set_suspended(call: Call, name: str, old: Props, new: Props) -> None:
    more, gone = _difference(old.get("suspendedProcesses"), new.get("suspendedProcesses"))
    if gone:
        call.client("autoscaling").resume_processes(AutoScalingGroupName=name, ScalingProcesses=gone)
    if more:
        call.client("autoscaling").suspend_processes(AutoScalingGroupName=name, ScalingProcesses=more)


def _await_capacity(call: Call, name: str, inputs: Props) -> None:
    """Wait as upstream does: for the desired number of instances in service, or the minimum where none is set."""
    match = _DURATION.fullmatch(inputs["waitForCapacityTimeout"])
    hours, minutes, seconds = (int(g or 0) for g in match.groups()) if match else (0, 0, 0)
    limit = 3600.0 * hours + 60.0 * minutes + seconds
    target = int(inputs.get("desiredCapacity") or inputs["minSize"])
    if limit and target:
        call.wait(f"{target} instances in service in {name}", lambda: _in_service(call, name) >= target, limit)


def _in_service(call: Call, name: str) -> int:
    instances = (_group(call, name) or {}).get("Instances", [])
    return sum(i["LifecycleState"] == "InService" and i["HealthStatus"] == "Healthy" for i in instances)


def _group(call: Call, name: str) -> Props | None:
    reply = call.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return first(reply["AutoScalingGroups"])


def read(call: Call, id_: str, prior: Props) -> Props:
    group = _group(call, id_)
    if group is None or group.get("Status"):  # set only while the group is being deleted
        raise Gone
    settings = RESOURCE.from_aws(group, *_settings())
    if settings["terminationPolicies"] == ["Default"]:
        settings["terminationPolicies"] = prior.get("terminationPolicies")
    return {
        **{k: v for k, v in settings.items() if v is not None or k not in _UNRELIABLE},
        **RESOURCE.from_aws(group, "targetGroupArns", "tags"),
        "name": id_,
        "vpcZoneIdentifiers": [z for z in group.get("VPCZoneIdentifier", "").split(",") if z],
        "enabledMetrics": [m["Metric"] for m in group.get("EnabledMetrics", [])],
        "suspendedProcesses": [p["ProcessName"] for p in group.get("SuspendedProcesses", [])],
        "arn": group["AutoScalingGroupARN"],
    }


def delete(call: Call, id_: str, state: Props) -> None:
    autoscaling, force = call.client("autoscaling"), bool(state.get("forceDelete"))
    if _group(call, id_) is None:
        return
    if not force:
        autoscaling.update_auto_scaling_group(AutoScalingGroupName=id_, MinSize=0, MaxSize=0, DesiredCapacity=0)
        call.wait(f"the instances of {id_} to go", lambda: not (_group(call, id_) or {}).get("Instances"), _DRAIN)
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=id_, ForceDelete=force)
    call.wait(f"{id_} to be deleted", lambda: _group(call, id_) is None, _DRAIN)


def check(inputs: Props) -> Problems:
    if ("launchTemplate" in inputs) == ("mixedInstancesPolicy" in inputs):
        yield "launchTemplate", "set exactly one of launchTemplate and mixedInstancesPolicy"
    timeout = inputs["waitForCapacityTimeout"]
    if isinstance(timeout, str) and not (timeout and _DURATION.fullmatch(timeout)):
        yield "waitForCapacityTimeout", f"must be a duration like 10m, or 0, is {timeout!r}"
