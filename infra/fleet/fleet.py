"""A fleet: machines that run one process of the release, behind the balancer, across the zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.fleet.access import Access, AccessArgs
from infra.fleet.alarms import Alarms, AlarmsArgs
from infra.fleet.identity import Identity, IdentityArgs
from infra.settings import FleetSettings
from release import names, preferences
from release.component.bake import Release
from release.component.hooks import Deployment, rollout_hook, serving
from release.component.launch_template import LaunchTemplate, LaunchTemplateArgs
from release.rollout.spec import RolloutSpec
from release.rollout.together import Together

GROUP_METRICS = (
    aws.autoscaling.Metric.GROUP_DESIRED_CAPACITY,
    aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES,
    aws.autoscaling.Metric.GROUP_PENDING_INSTANCES,
    aws.autoscaling.Metric.GROUP_TOTAL_INSTANCES,
)


@dataclass(frozen=True, kw_only=True)
class FleetArgs:
    stack: str
    region: str
    account: str
    bucket: str
    settings: FleetSettings
    command: str
    """What each instance runs."""
    release: Release
    together: Together
    """The stack's fleets, this one among them."""
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    balancer_security_group_id: pulumi.Input[str]
    balancer_arn_suffix: pulumi.Input[str]
    target_group_arn: pulumi.Input[str]
    target_group_arn_suffix: pulumi.Input[str]
    requires: Sequence[pulumi.Resource] = ()
    """What has to be there before an instance can boot, or be judged by the balancer."""


class Fleet(pulumi.ComponentResource):
    """An Auto Scaling group whose every instance proves its release before it serves.

    The number of instances is the group's own affair: `desired_capacity` is never written.
    Source: EC2 Auto Scaling user guide.
    """

    group_name: str
    log_group_name: str
    security_group_id: pulumi.Output[str]
    """What a database lets in."""
    sha: pulumi.Output[str]
    """The SHA that the fleet serves; known once its instances have proved it."""

    def __init__(self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:fleet:Fleet", name, None, opts)
        self._name = name
        self._args = args
        self._settings = args.settings
        self._tags = names.tags(args.stack, fleet=args.settings.name)
        self.group_name = names.group_name(args.stack, args.settings.name)
        self.log_group_name = names.log_group_name(args.stack, args.settings.name)
        self._log_group = self._declare_log_group()
        self._access = self._declare_access()
        self.security_group_id = self._access.security_group_id
        self._identity = self._declare_identity()
        self._alarms = self._declare_alarms()
        self._deployment = self._plan_deployment()
        self._template = self._declare_template()
        self._group = self._declare_group([self._access, *self._identity.ready, self._alarms, *args.requires])
        self._declare_scaling()
        self.sha = serving(self._group, self._deployment)
        self.register_outputs({"group": self.group_name, "logGroup": self.log_group_name, "sha": self.sha})

    def _declare_log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-log-group",
            name=self.log_group_name,
            # The proof of what an instance runs must last as long as the instance: a few lines each boot.
            retention_in_days=0,
            tags=self._tags,
            opts=self._child(),
        )

    def _declare_access(self) -> Access:
        args = AccessArgs(
            stack=self._args.stack,
            fleet=self._settings,
            vpc_id=self._args.vpc_id,
            balancer_security_group_id=self._args.balancer_security_group_id,
        )
        return Access(self._name, args, self._child())

    def _declare_identity(self) -> Identity:
        args = IdentityArgs(
            stack=self._args.stack,
            region=self._args.region,
            account=self._args.account,
            bucket=self._args.bucket,
            fleet=self._settings,
        )
        return Identity(f"{self._name}-identity", args, self._child())

    def _declare_alarms(self) -> Alarms:
        args = AlarmsArgs(
            stack=self._args.stack,
            fleet=self._settings.name,
            settings=self._settings.alarms,
            balancer=self._args.balancer_arn_suffix,
            target_group=self._args.target_group_arn_suffix,
        )
        return Alarms(f"{self._name}-alarms", args, self._child())

    def _plan_deployment(self) -> Deployment:
        rollout = self._settings.rollout
        spec = RolloutSpec(
            fleet=self._settings.name,
            group=self.group_name,
            log_group=self.log_group_name,
            sha=self._args.release.sha,
            preferences=preferences.rollout(
                min_healthy=rollout.min_healthy_percentage,
                max_healthy=rollout.max_healthy_percentage,
                warmup=rollout.warmup,
                bake=rollout.bake,
                alarms=self._alarms.names,
                checkpoints=rollout.checkpoints,
                checkpoint_delay=rollout.checkpoint_delay,
            ),
            timeout=rollout.timeout,
            boot_timeout=self._settings.boot_timeout,
            alarm_wait=rollout.alarm_wait,
            hook=names.BOOT_HOOK,
            supersede=self._args.release.supersede,
        )
        return Deployment(
            spec=spec,
            stack=self._args.stack,
            region=self._args.region,
            bucket=self._args.bucket,
            image=self._args.release.image_name,
            digest=self._args.release.digest,
            together=self._args.together,
        )

    def _declare_template(self) -> LaunchTemplate:
        settings, release = self._settings, self._args.release
        args = LaunchTemplateArgs(
            fleet=settings.name,
            group=self.group_name,
            hook=names.BOOT_HOOK,
            region=self._args.region,
            sha=release.sha,
            digest=release.digest,
            image_id=release.image_id,
            root_device=release.root_device,
            command=self._args.command,
            bucket=self._args.bucket,
            log_group=self._log_group.name,
            instance_profile_arn=self._identity.instance_profile_arn,
            security_group_ids=[self._access.security_group_id],
            instance_type=settings.instance_types[0],
            volume_size=settings.volume.size,
            volume_key=settings.volume.kms_key,
            port=settings.port,
            health_path=settings.health.path,
            health_codes=settings.health.codes,
            health_timeout=settings.health.timeout,
            boot_timeout=settings.boot_timeout,
            environment=settings.environment,
            secrets=self._identity.selectors,
            packages=settings.packages,
            tags=self._tags,
        )
        return LaunchTemplate(f"{self._name}-launch", args, self._child())

    def _declare_group(self, requires: Sequence[pulumi.Resource]) -> aws.autoscaling.Group:
        settings = self._settings
        hook = rollout_hook(f"{self._name}-rollout", self._deployment)
        options = pulumi.ResourceOptions(
            parent=self,
            depends_on=list(requires),
            hooks=pulumi.ResourceHookBinding(before_update=[hook]),
            # They count when the group is made; afterwards the rollout itself sets the hook's timeout.
            ignore_changes=["initialLifecycleHooks"],
        )
        mixed = len(settings.instance_types) > 1
        return aws.autoscaling.Group(
            f"{self._name}-group",
            name=self.group_name,
            min_size=settings.size.min,
            max_size=settings.size.max,
            vpc_zone_identifiers=self._args.subnet_ids,
            target_group_arns=[self._args.target_group_arn],
            launch_template=None if mixed else {"id": self._template.id, "version": self._template.version},
            mixed_instances_policy=self._mixed() if mixed else None,
            health_check_type="ELB",
            health_check_grace_period=settings.health.grace,
            default_instance_warmup=settings.rollout.warmup,
            initial_lifecycle_hooks=[
                {
                    "name": names.BOOT_HOOK,
                    "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                    "heartbeat_timeout": settings.boot_timeout,
                    "default_result": "ABANDON",
                }
            ],
            instance_maintenance_policy={
                "min_healthy_percentage": settings.rollout.min_healthy_percentage,
                "max_healthy_percentage": settings.rollout.max_healthy_percentage,
            },
            # Scaling in takes what is left of an older release first.
            termination_policies=["OldestLaunchTemplate", "Default"],
            enabled_metrics=GROUP_METRICS,
            metrics_granularity="1Minute",
            # The proof of what serves waits better: it knows why an instance does not boot.
            wait_for_capacity_timeout="0",
            tags=self._group_tags(),
            opts=options,
        )

    def _mixed(self) -> aws.autoscaling.GroupMixedInstancesPolicyArgsDict:
        """On-demand instances of the first type that can be had, in the order of the settings."""
        return {
            "launch_template": {
                "launch_template_specification": {
                    "launch_template_id": self._template.id,
                    "version": self._template.version,
                },
                "overrides": [{"instance_type": name} for name in self._settings.instance_types],
            },
            "instances_distribution": {
                "on_demand_allocation_strategy": "prioritized",
                "on_demand_percentage_above_base_capacity": 100,
            },
        }

    def _group_tags(self) -> list[aws.autoscaling.GroupTagArgsDict]:
        """The launch template tags the instances; a group's own tags are for those who look for it."""
        tags = self._tags | {"Name": self.group_name, names.STORE_TAG: self._args.bucket}
        return [
            {"key": key, "value": value, "propagate_at_launch": key != names.STORE_TAG} for key, value in tags.items()
        ]

    def _declare_scaling(self) -> None:
        scaling = self._settings.scaling
        metric: aws.autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgsDict
        if scaling.requests_per_target is None:
            metric = {"predefined_metric_type": "ASGAverageCPUUtilization"}
            target = scaling.cpu
        else:
            label = pulumi.Output.format("{0}/{1}", self._args.balancer_arn_suffix, self._args.target_group_arn_suffix)
            metric = {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": label}
            target = scaling.requests_per_target
        aws.autoscaling.Policy(
            f"{self._name}-scaling",
            name="target-tracking",
            autoscaling_group_name=self._group.name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration={
                "predefined_metric_specification": metric,
                "target_value": float(target or 0),
            },
            opts=self._child(),
        )

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)
