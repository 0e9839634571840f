"""Reads what AWS knows about fleets, and what their instances say they serve.

Each call is one request or a bounded number of them, whatever the size of the fleet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from release import names
from release.clients import CONFIG, client
from release.rollout import shapes
from release.rollout.alarms import Alarm
from release.rollout.journal import Journal, Wanted
from release.rollout.observed import BootEvent, DeployedFleet, Group, Instance, Refresh, Template
from release.rollout.serving import Serving, count
from release.rollout.templates import Templates

if TYPE_CHECKING:
    from types_boto3_autoscaling.type_defs import ActivityTypeDef, AutoScalingGroupTypeDef
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client

_ACTIVITIES = 1000
"""The most scaling activities of a group that are read at once; each launch is one, and each termination."""
_LAUNCH = re.compile(r"Launching a new EC2 instance: (i-[0-9a-f]+)")
_NOT_DONE = {"Failed", "Cancelled"}


class Fleets:
    """The Auto Scaling groups, targets, alarms and boot journals of one region."""

    def __init__(self, region: str | None = None, config: Config = CONFIG) -> None:
        self._autoscaling = client("autoscaling", region, config)
        self._config = config
        self._seen: dict[str, Template] = {}

    @property
    def region(self) -> str:
        """Return the region's name."""
        return str(self._autoscaling.meta.region_name)

    # A preview needs none of these, and creating a client takes longer than a call.
    @cached_property
    def _elbv2(self) -> ElasticLoadBalancingv2Client:
        return client("elbv2", self.region, self._config)

    @cached_property
    def _cloudwatch(self) -> CloudWatchClient:
        return client("cloudwatch", self.region, self._config)

    @cached_property
    def _journal(self) -> Journal:
        return Journal(self.region, self._config)

    @cached_property
    def templates(self) -> Templates:
        return Templates(self.region, self._config)

    def stacks(self) -> list[str]:
        """Return the names of the stacks that have fleets here (DescribeTags)."""
        pages = self._autoscaling.get_paginator("describe_tags").paginate(
            Filters=[{"Name": "key", "Values": [names.STACK_TAG]}]
        )
        return sorted({str(tag["Value"]) for page in pages for tag in page["Tags"]})

    def of_stack(self, stack: str) -> list[DeployedFleet]:
        """Return the fleets of a stack, found by their tags, in the order of their names."""
        return self._tagged(names.STACK_TAG, [stack])

    def of_stores(self, buckets: Sequence[str]) -> list[DeployedFleet]:
        """Return the fleets of all stacks that have their releases in one of these buckets, likewise."""
        return self._tagged(names.STORE_TAG, buckets)

    def _tagged(self, key: str, values: Sequence[str]) -> list[DeployedFleet]:
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
            Filters=[{"Name": f"tag:{key}", "Values": list(values)}]
        )
        groups = (shown for page in pages for shown in page["AutoScalingGroups"])
        found = [shapes.fleet(shown) for shown in groups if not shapes.is_job(shown)]
        return sorted(found, key=lambda fleet: (fleet.stack, fleet.name))

    def group(self, name: str) -> Group | None:
        """Return the group of that name, or None (DescribeAutoScalingGroups)."""
        shown = self._shown(name)
        if shown is None:
            return None
        group = shapes.group(shown)
        self._seen.update({member.id: member.template for member in group.instances if member.template})
        return group

    def desired_configuration(self, group: str, template: Template) -> dict[str, Any]:
        """Return the group's own configuration with another launch template version, as a DesiredConfiguration."""
        return shapes.with_template(self._shown(group) or {}, template)

    def _shown(self, name: str) -> AutoScalingGroupTypeDef | None:
        found = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return found[0] if found else None

    def refreshes(self, group: str) -> list[Refresh]:
        """Return the latest refreshes of a group, newest first (DescribeInstanceRefreshes keeps six weeks)."""
        answer = self._autoscaling.describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=10)
        return [shapes.refresh(found) for found in answer["InstanceRefreshes"]]

    def last_preferences(self, group: str) -> dict[str, Any]:
        """Return the RefreshPreferences of the group's latest refresh; {} if there is none."""
        answer = self._autoscaling.describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=1)
        found = answer["InstanceRefreshes"]
        return dict(found[0].get("Preferences") or {}) if found else {}

    def boot_timeout(self, group: str) -> int | None:
        """Return the seconds that an instance has to boot, by the group's launch hooks; None if it has none."""
        hooks = self._autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
        launching = (hook for hook in hooks if hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_LAUNCHING")
        return max((int(hook["HeartbeatTimeout"]) for hook in launching if hook.get("HeartbeatTimeout")), default=None)

    def refused_launch(self, group: str, since: float) -> str:
        """Return why EC2 refused the newest launch since a time, in its words (DescribeScalingActivities), or "".

        A launch whose instance failed later, such as during its boot, names the instance: EC2 did not refuse it.
        """
        shown = self._autoscaling.describe_scaling_activities(AutoScalingGroupName=group, MaxRecords=100)["Activities"]
        launches = (a for a in shown if str(a.get("Description", "")).startswith("Launching"))
        newest = next((launch for launch in launches if launch["StartTime"].timestamp() >= since), None)
        if newest is None or newest["StatusCode"] != "Failed" or ": i-" in str(newest["Description"]):
            return ""
        return str(newest.get("StatusMessage") or "EC2 gave no reason")

    def alarms_not_ok(self, alarms: Sequence[str]) -> list[Alarm]:
        """Return those of the alarms, at most 100, that are not in the state OK or don't exist (DescribeAlarms)."""
        if not alarms:
            return []
        shown = self._cloudwatch.describe_alarms(AlarmNames=list(alarms), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        found = {
            str(alarm["AlarmName"]): Alarm(
                name=str(alarm["AlarmName"]),
                state=str(alarm["StateValue"]),
                since=alarm["StateUpdatedTimestamp"].timestamp(),
            )
            for alarm in [*shown["MetricAlarms"], *shown["CompositeAlarms"]]
        }
        asked = (found.get(name, Alarm(name=name, state="missing", since=0)) for name in alarms)
        return [alarm for alarm in asked if alarm.state != "OK"]

    def healthy_targets(self, target_group_arns: Sequence[str]) -> set[str]:
        """Return the instances that are healthy in every one of these target groups (DescribeTargetHealth)."""
        healthy: list[set[str]] = []
        for arn in target_group_arns:
            shown = self._elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            healthy.append({t["Target"]["Id"] for t in shown if t["TargetHealth"]["State"] == "healthy"})
        return set.intersection(*healthy) if healthy else set()

    def ready(self, log_group: str, members: Sequence[Instance]) -> list[BootEvent]:
        """Return which members reported that they are ready, with the release that AWS says they have."""
        return self.said("ready", log_group, members)

    def said(self, what: str, log_group: str, members: Sequence[Instance]) -> list[BootEvent]:
        """Return which members reported an event, such as `ready`, with the release that AWS says they have."""
        known = self.templates.baked(member.template for member in members if member.template)
        having: dict[Wanted, list[str]] = {}
        for member in members:
            if member.template in known:
                baked = known[member.template]
                having.setdefault(Wanted(event=what, sha=baked.sha, digest=baked.digest), []).append(member.id)
        return [
            event for wanted, instances in having.items() for event in self._journal.said(log_group, wanted, instances)
        ]

    def failed_boots(self, group: str, log_group: str, sha: str, since: float) -> list[BootEvent]:
        """Return why boots of a release failed since a time (seconds since the epoch), in the instances' own words.

        Only launches that AWS says failed count, and none that is known to be of another release.
        """
        failed = [instance for instance in self._failed_launches(group, since) if self._may_have(instance, sha)]
        return self._journal.said(log_group, Wanted(event="failed", sha=sha), failed, since=since)

    def _failed_launches(self, group: str, since: float) -> list[str]:
        """Return the instances that never came into service (DescribeScalingActivities), newest first."""
        pages = self._autoscaling.get_paginator("describe_scaling_activities").paginate(
            AutoScalingGroupName=group, PaginationConfig={"MaxItems": _ACTIVITIES, "PageSize": 100}
        )
        shown = (activity for page in pages for activity in page["Activities"])
        recent: Iterator[ActivityTypeDef] = takewhile(
            lambda activity: activity["StartTime"].timestamp() >= since, shown
        )
        named = (_LAUNCH.match(activity["Description"]) for activity in recent if activity["StatusCode"] in _NOT_DONE)
        return [launch[1] for launch in named if launch]

    def _may_have(self, instance: str, sha: str) -> bool:
        template = self._seen.get(instance)
        baked = self.templates.baked([template]).get(template) if template else None
        return baked is None or baked.sha == sha


def served(fleets: Fleets, group: Group, log_group: str) -> Serving:
    """Return what a group serves now, according to the load balancer, if it has one, and the instances in service."""
    in_service = [instance for instance in group.instances if instance.in_service]
    if group.balanced:
        healthy = fleets.healthy_targets(group.target_group_arns)
    else:
        healthy = {instance.id for instance in in_service}
    return count(group, healthy, fleets.ready(log_group, in_service))


def all_served(fleets: Fleets, stack: str) -> str:
    """Return a line for each fleet of a stack with what it serves now, and how to get all back to one release."""
    now = {found.name: served(fleets, found.group, found.log_group) for found in fleets.of_stack(stack)}
    lines = [f"  {name}: {serving}" for name, serving in now.items()]
    if len({sha for serving in now.values() for sha in serving.counts}) > 1:
        lines.append("To bring all fleets back to one release, run `python -m release rollback`")
    return "\n".join(lines)
