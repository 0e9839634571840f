"""The scaling of a fleet: target tracking of CPU utilization or of each instance's requests, scheduled sizes."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.settings.fleet import ScalingSettings
from infra.settings.schedule import SizeAtSettings


def declare(
    name: str,
    group: aws.autoscaling.Group,
    settings: ScalingSettings,
    *,
    balancer: pulumi.Input[str],
    target_group: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Declare the group's scaling policy; `balancer` and `target_group` are ARN suffixes, as the metrics have them."""
    metric: aws.autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgsDict
    if settings.requests_per_target is None:
        metric = {"predefined_metric_type": "ASGAverageCPUUtilization"}
        target = settings.cpu
    else:
        label = pulumi.Output.format("{0}/{1}", balancer, target_group)
        metric = {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": label}
        target = settings.requests_per_target
    aws.autoscaling.Policy(
        f"{name}-scaling",
        name="target-tracking",
        autoscaling_group_name=group.name,
        policy_type="TargetTrackingScaling",
        target_tracking_configuration={
            "predefined_metric_specification": metric,
            "target_value": float(target or 0),
        },
        opts=opts,
    )


def declare_schedule(
    name: str, group: aws.autoscaling.Group, schedule: Mapping[str, SizeAtSettings], opts: pulumi.ResourceOptions
) -> None:
    """Declare the sizes that the group gets at certain times; -1 leaves one as it is."""
    for called, entry in schedule.items():
        aws.autoscaling.Schedule(
            f"{name}-schedule-{called}",
            scheduled_action_name=called,
            autoscaling_group_name=group.name,
            recurrence=entry.cron,
            time_zone=entry.timezone,
            min_size=_size(entry.min),
            max_size=_size(entry.max),
            desired_capacity=_size(entry.desired),
            opts=opts,
        )


def _size(given: int | None) -> int:
    return -1 if given is None else given
