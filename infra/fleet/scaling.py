"""The scaling of a fleet: target tracking of its CPU utilization, or of the requests that each instance gets."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.settings.fleet import ScalingSettings


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
