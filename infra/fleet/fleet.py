"""A fleet: machines that run one process of the release, behind the balancer or as workers, across the zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.balancer.load_balancer import LoadBalancer
from infra.fleet import boot, output_group, rollout, scaling
from infra.fleet.access import Access, AccessArgs
from infra.fleet.alarms import Alarms, AlarmsArgs
from infra.fleet.identity import Identity, IdentityArgs
from infra.network.network import Network
from infra.settings import FleetSettings
from infra.settings.logs import LogsSettings
from release import defaults, names, postures
from release.component import instances
from release.component.deployment import Deployment, Deployments
from release.component.hooks import creation_hook, rollout_hook, serving
from release.component.launch_template import LaunchTemplate, LaunchTemplateArgs
from release.component.release import Release
from release.component.user_data import Boot
from release.postures import Size

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
    logs: LogsSettings
    command: str
    """What each instance runs."""
    release: Release
    digest: pulumi.Output[str]
    """The digest of the release's artifact, known once that is published."""
    supersede: bool
    """Whether a rollout of something else that is under way is undone, instead of refused."""
    deployments: Deployments
    """What the stack's fleets share while they are deployed."""
    network: Network
    balancer: LoadBalancer
    requires: Sequence[pulumi.Resource]
    """What has to exist before an instance can boot."""
    posture: str
    """What stands of the stack."""
    tells_posture: bool
    """Whether the group tells it by its tags."""


class Fleet(pulumi.ComponentResource):
    """An Auto Scaling group whose every instance proves its release before it serves.

    The group alone decides how many instances there are: `desired_capacity` is never written.
    Source: EC2 Auto Scaling user guide.
    """

    group_name: str
    log_group_name: str
    security_group_id: pulumi.Output[str]
    """The security group that a database has to let in."""
    template: LaunchTemplate
    boot: pulumi.Output[Boot]
    """What each instance is told."""
    ready: Sequence[pulumi.Resource]
    """What of the fleet has to exist before an instance can boot."""
    sha: pulumi.Output[str]
    """The SHA that the fleet serves; known once its instances have proved it."""
    identity: Identity

    def __init__(self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:fleet:Fleet", name, None, opts)
        self._name = name
        self._args = args
        self._settings = args.settings
        self._target_group = args.balancer.target_groups.get(args.settings.name)  # None: a fleet of workers
        self._tags = names.tags(args.stack, fleet=args.settings.name)
        self._child = pulumi.ResourceOptions(parent=self)
        self._active = Size(min=args.settings.size.min, max=args.settings.size.max)
        self._size = postures.size(args.posture, self._active, len(args.network.private))
        self.group_name = names.group_name(args.stack, args.settings.name)
        self.log_group_name = names.log_group_name(args.stack, args.settings.name)
        log_group = self._declare_log_group()
        output = output_group.declare(name, args.stack, args.settings.name, args.logs, self._child)
        access = self._declare_access()
        self.security_group_id = access.security_group_id
        self.identity = identity = self._declare_identity()
        alarms = self._declare_alarms(log_group)
        deployment = self._deployment(alarms)
        self.boot = self._boot(log_group, identity)
        self.template = self._declare_template(identity, self.boot)
        self.ready = [*access.ready, *identity.ready, log_group]
        requires = [access, *identity.ready, *output, alarms, args.network, *args.balancer.routes, *args.requires]
        group = self._declare_group(self.template, deployment, requires)
        scaling.declare(
            name,
            group,
            args.settings.scaling,
            balancer=args.balancer.arn_suffix,
            target_group=self._target_group.arn_suffix if self._target_group else "",
            opts=self._child,
        )
        self._declare_drain(group)
        scaling.declare_schedule(name, group, args.settings.scaling.schedule, self._child)
        self.sha = serving(group, deployment)
        self.register_outputs({"group": self.group_name, "logGroup": self.log_group_name, "sha": self.sha})

    def _declare_log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-log-group",
            name=self.log_group_name,
            # The proof of what an instance runs must last as long as the instance: a few lines each boot.
            retention_in_days=0,
            kms_key_id=self._args.logs.kms_key,
            tags=self._tags,
            opts=self._child,
        )

    def _declare_access(self) -> Access:
        args = AccessArgs(
            stack=self._args.stack,
            fleet=self._settings,
            vpc_id=self._args.network.vpc_id,
            balancer_security_group_id=self._args.balancer.security_group_id if self._settings.balanced else None,
        )
        return Access(self._name, args, self._child)

    def _declare_identity(self) -> Identity:
        args = IdentityArgs(
            stack=self._args.stack,
            region=self._args.region,
            account=self._args.account,
            bucket=self._args.bucket,
            fleet=self._settings,
            output=self._args.logs.output,
        )
        return Identity(f"{self._name}-identity", args, self._child)

    def _declare_alarms(self, log_group: aws.cloudwatch.LogGroup) -> Alarms:
        args = AlarmsArgs(
            stack=self._args.stack,
            fleet=self._settings,
            log_group=log_group.name,
            balancer=self._args.balancer.arn_suffix,
            target_group=self._target_group.arn_suffix if self._target_group else "",
        )
        return Alarms(f"{self._name}-alarms", args, self._child)

    def _deployment(self, alarms: Alarms) -> Deployment:
        spec = rollout.spec(
            self._settings,
            stack=self._args.stack,
            sha=self._args.release.sha,
            alarms=alarms.names,
            supersede=self._args.supersede,
            posture=self._args.posture if self._args.tells_posture else "",
            size=self._size if self._args.tells_posture else None,
        )
        return Deployment(
            spec=spec, release=self._args.release, digest=self._args.digest, shared=self._args.deployments
        )

    def _boot(self, log_group: aws.cloudwatch.LogGroup, identity: Identity) -> pulumi.Output[Boot]:
        """Return what each instance is told; known once the log group exists, which the first boot writes to."""

        def told(known: Sequence[Any]) -> Boot:
            digest, _, *secrets = known
            return boot.boot(
                self._settings,
                stack=self._args.stack,
                region=self._args.region,
                bucket=self._args.bucket,
                command=self._args.command,
                sha=self._args.release.sha,
                digest=digest,
                secrets=secrets,
                output=self._args.logs.output,
            )

        return pulumi.Output.all(self._args.digest, log_group.name, *identity.selectors).apply(told)

    def _declare_template(self, identity: Identity, told: pulumi.Output[Boot]) -> LaunchTemplate:
        args = LaunchTemplateArgs(
            group=self.group_name,
            release=self._args.release,
            boot=told,
            instance_type=self._settings.instance_types[0],
            instance_profile_arn=identity.instance_profile_arn,
            security_group_ids=[self.security_group_id],
            volume_size=self._settings.volume.size,
            volume_key=self._settings.volume.kms_key,
            tags=self._tags,
        )
        return LaunchTemplate(f"{self._name}-launch", args, self._child)

    def _declare_group(
        self, template: LaunchTemplate, deployment: Deployment, requires: Sequence[pulumi.Resource]
    ) -> aws.autoscaling.Group:
        settings = self._settings
        hooks = pulumi.ResourceHookBinding(
            before_create=[creation_hook(f"{self._name}-creation", deployment)],
            before_update=[rollout_hook(f"{self._name}-rollout", deployment)],
        )
        options = pulumi.ResourceOptions(
            parent=self,
            depends_on=list(requires),
            hooks=hooks,
            # They count when the group is made; afterwards the rollout itself sets the hook's timeout.
            ignore_changes=["initialLifecycleHooks"],
        )
        return aws.autoscaling.Group(
            f"{self._name}-group",
            name=self.group_name,
            min_size=self._size.min,
            max_size=self._size.max,
            vpc_zone_identifiers=[subnet.id for subnet in self._args.network.private.values()],
            target_group_arns=[self._target_group.arn] if self._target_group else None,
            **instances.arguments(template, settings.instance_types, settings.distribution),
            health_check_type="ELB" if self._target_group else "EC2",
            # Workers judge themselves, and not before they are in service.
            health_check_grace_period=settings.health.grace if self._target_group else 0,
            default_instance_warmup=settings.rollout.warmup,
            initial_lifecycle_hooks=[self._boot_hook()],
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

    def _declare_drain(self, group: aws.autoscaling.Group) -> None:
        """Declare what gives a worker time to end: a balanced fleet's requests drain in the target group.

        It follows its setting, which the group's initial hooks don't. The instance itself ends the wait; it lasts
        longer only if the instance is lost.
        """
        if self._target_group is None:
            aws.autoscaling.LifecycleHook(
                f"{self._name}-drain",
                name=names.DRAIN_HOOK,
                autoscaling_group_name=group.name,
                lifecycle_transition="autoscaling:EC2_INSTANCE_TERMINATING",
                heartbeat_timeout=self._settings.drain + defaults.DRAIN_MARGIN,
                default_result="CONTINUE",
                opts=self._child,
            )

    def _boot_hook(self) -> aws.autoscaling.GroupInitialLifecycleHookArgsDict:
        return {
            "name": names.BOOT_HOOK,
            "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "heartbeat_timeout": self._settings.boot_timeout,
            "default_result": "ABANDON",
        }

    def _group_tags(self) -> list[aws.autoscaling.GroupTagArgsDict]:
        """Return the group's tags, by which it is found; the launch template tags the instances."""
        own = {names.STORE_TAG: self._args.bucket}
        if self._args.tells_posture:
            own |= {names.POSTURE_TAG: self._args.posture, names.SIZE_TAG: str(self._active)}
        tags = self._tags | {"Name": self.group_name} | own
        return [{"key": key, "value": value, "propagate_at_launch": key not in own} for key, value in tags.items()]
