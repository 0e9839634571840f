"""Scheduled work: a group that is empty until its time comes, has one instance then, and is empty again after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.fleet import job_command
from infra.fleet.fleet import Fleet
from infra.permissions import policies
from infra.settings import FleetSettings
from infra.settings.schedule import JobSettings
from release import names
from release.component.launch_template import LaunchTemplate, LaunchTemplateArgs
from release.component.release import Release
from release.component.user_data import Boot

SCHEDULED_ACTIONS = "ScheduledActions"
"""The process of a group that is suspended where nothing is to run."""


@dataclass(frozen=True, kw_only=True)
class JobArgs:
    stack: str
    region: str
    account: str
    bucket: str
    settings: JobSettings
    fleet: FleetSettings
    of: Fleet
    """The fleet whose release it runs."""
    release: Release
    subnets: list[pulumi.Input[str]]
    requires: Sequence[pulumi.Resource]
    """What has to exist, beside what is the fleet's, before an instance can boot."""
    runs: bool
    """Whether it runs at all: not while the stack stands by for another one, nor in a drill."""


class Job(pulumi.ComponentResource):
    """The group, its launch template, and the scheduled action that makes it one instance large.

    The template follows the fleet's proof: work is not done by a release that the fleet did not get. Whatever changes
    here replaces nothing: an instance that works goes on with what it was launched with.
    Source: EC2 Auto Scaling user guide, "Scheduled scaling", "Use instance scale-in protection".
    """

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        called = names.job_fleet(name)
        super().__init__("slipway:fleet:Job", called, None, opts)
        self._name = name
        self._called = called
        self._args = args
        self._group_name = names.group_name(args.stack, called)
        self._tags = names.tags(args.stack) | {names.JOB_TAG: name, names.JOB_FLEET_TAG: args.settings.fleet}
        self._child = pulumi.ResourceOptions(parent=self)
        policy = self._declare_policy()
        group = self._declare_group(self._declare_template(), policy)
        aws.autoscaling.Schedule(
            f"{called}-schedule",
            scheduled_action_name=name,
            autoscaling_group_name=group.name,
            recurrence=args.settings.cron,
            time_zone=args.settings.timezone,
            min_size=-1,
            max_size=-1,
            desired_capacity=1,
            opts=self._child,
        )
        self.register_outputs({"group": self._group_name})

    def _declare_policy(self) -> aws.iam.RolePolicy:
        args = self._args
        allowed = policies.leaves(args.stack, self._called, region=args.region, account=args.account)
        return aws.iam.RolePolicy(
            f"{self._called}-policy",
            name=self._called,
            role=args.of.identity.role_name,
            policy=json.dumps(policies.document(allowed)),
            opts=self._child,
        )

    def _declare_template(self) -> LaunchTemplate:
        args, settings = self._args, self._args.settings

        def told(known: list[Any]) -> Boot:
            return job_command.told(known[0], args.stack, self._name, settings)

        made = LaunchTemplateArgs(
            group=self._group_name,
            release=args.release,
            boot=pulumi.Output.all(args.of.boot, args.of.sha).apply(told),
            instance_type=args.fleet.instance_types[0],
            instance_profile_arn=args.of.identity.instance_profile_arn,
            security_group_ids=[args.of.security_group_id],
            volume_size=args.fleet.volume.size,
            volume_key=args.fleet.volume.kms_key,
            tags=self._tags,
        )
        return LaunchTemplate(f"{self._called}-launch", made, self._child)

    def _declare_group(self, template: LaunchTemplate, policy: pulumi.Resource) -> aws.autoscaling.Group:
        tags = self._tags | {"Name": self._group_name, names.STORE_TAG: self._args.bucket}
        return aws.autoscaling.Group(
            f"{self._called}-group",
            name=self._group_name,
            min_size=0,
            max_size=1,
            vpc_zone_identifiers=self._args.subnets,
            launch_template={"id": template.id, "version": template.version},
            health_check_type="EC2",
            suspended_processes=[] if self._args.runs else [SCHEDULED_ACTIONS],
            # Work that is removed is ended: nothing would wait for the instance that it protects.
            force_delete=True,
            wait_for_capacity_timeout="0",
            tags=[
                {"key": key, "value": value, "propagate_at_launch": key != names.STORE_TAG}
                for key, value in tags.items()
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, *self._args.of.ready, *self._args.requires]),
        )
