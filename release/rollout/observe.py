"""What AWS knows of a fleet, as plain values: the boto3 side of a rollout.

Every call is one page or a bounded number of them, whatever the size of the fleet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import takewhile

from release import names
from release.clients import client
from release.rollout import answers
from release.rollout.alarms import Alarm
from release.rollout.journal import Journal, Wanted
from release.rollout.observed import BootEvent, DeployedFleet, Group, Instance, Refresh, Template
from release.rollout.serving import Serving, count
from release.rollout.templates import Templates

_ACTIVITIES = 1000
"""Of one group, in one look; each launch is one, and each end."""
_LAUNCH = re.compile(r"Launching a new EC2 instance: (i-[0-9a-f]+)")
_NOT_DONE = {"Failed", "Cancelled"}


class Fleets:
    """The Auto Scaling groups, targets and boot journals of one region."""

    def __init__(self, region: str | None = None) -> None:
        self._autoscaling = client("autoscaling", region)
        self._elbv2 = client("elbv2", region)
        self._cloudwatch = client("cloudwatch", region)
        self._journal = Journal(region)
        self._seen: dict[str, Template] = {}

    @property
    def region(self) -> str:
        """Where they are."""
        return str(self._autoscaling.meta.region_name)

    def stacks(self) -> list[str]:
        """The stacks that have fleets here, by their tags."""
        pages = self._autoscaling.get_paginator("describe_tags").paginate(
            Filters=[{"Name": "key", "Values": [names.STACK_TAG]}]
        )
        return sorted({str(tag["Value"]) for page in pages for tag in page["Tags"]})

    def of_stack(self, stack: str) -> list[DeployedFleet]:
        """The fleets of a stack, found by their tags."""
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
            Filters=[{"Name": f"tag:{names.STACK_TAG}", "Values": [stack]}]
        )
        return sorted((answers.fleet(shown) for page in pages for shown in page["AutoScalingGroups"]), key=_name)

    def group(self, name: str) -> Group | None:
        """The group of that name, or None (DescribeAutoScalingGroups)."""
        found = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return self._remember(answers.group(found[0])) if found else None

    def refreshes(self, group: str) -> list[Refresh]:
        """The latest refreshes of a group, newest first (DescribeInstanceRefreshes keeps six weeks)."""
        answer = self._autoscaling.describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=10)
        return [answers.refresh(found) for found in answer["InstanceRefreshes"]]

    def boot_timeout(self, group: str) -> int | None:
        """Seconds that an instance has to boot, by the group's launch lifecycle hooks; None where there is none."""
        hooks = self._autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
        launching = (hook for hook in hooks if hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_LAUNCHING")
        return max((int(hook["HeartbeatTimeout"]) for hook in launching if hook.get("HeartbeatTimeout")), default=None)

    def refused_launch(self, group: str, since: float) -> str:
        """Why EC2 refused the newest launch since a moment, in its words (DescribeScalingActivities), or "".

        A launch whose instance failed afterwards, as in its boot, names the instance: EC2 did not refuse that one.
        """
        shown = self._autoscaling.describe_scaling_activities(AutoScalingGroupName=group, MaxRecords=100)["Activities"]
        launches = (a for a in shown if str(a.get("Description", "")).startswith("Launching"))
        newest = next((launch for launch in launches if launch["StartTime"].timestamp() >= since), None)
        if newest is None or newest["StatusCode"] != "Failed" or ": i-" in str(newest["Description"]):
            return ""
        return str(newest.get("StatusMessage") or "EC2 gave no reason")

    def alarms_not_ok(self, names: Sequence[str]) -> list[Alarm]:
        """Those of the alarms, at most 100, that are not in the state OK, or not there (DescribeAlarms)."""
        if not names:
            return []
        shown = self._cloudwatch.describe_alarms(AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        found = {
            str(alarm["AlarmName"]): Alarm(
                name=str(alarm["AlarmName"]),
                state=str(alarm["StateValue"]),
                since=alarm["StateUpdatedTimestamp"].timestamp(),
            )
            for alarm in [*shown["MetricAlarms"], *shown["CompositeAlarms"]]
        }
        looked_at = (found.get(name, Alarm(name=name, state="missing", since=0)) for name in names)
        return [alarm for alarm in looked_at if alarm.state != "OK"]

    def healthy_targets(self, target_group_arns: Sequence[str]) -> set[str]:
        """The instances that are healthy in every one of those target groups (DescribeTargetHealth)."""
        healthy: list[set[str]] = []
        for arn in target_group_arns:
            shown = self._elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            healthy.append({t["Target"]["Id"] for t in shown if t["TargetHealth"]["State"] == "healthy"})
        return set.intersection(*healthy) if healthy else set()

    def ready(self, log_group: str, members: Sequence[Instance]) -> list[BootEvent]:
        """What the members have proved: of each the release that AWS says it has, where it says that it is ready."""
        known = self.templates.baked(member.template for member in members if member.template)
        having: dict[Wanted, list[str]] = {}
        for member in members:
            if member.template in known:
                baked = known[member.template]
                having.setdefault(Wanted(event="ready", sha=baked.sha, digest=baked.digest), []).append(member.id)
        return [
            event for wanted, instances in having.items() for event in self._journal.said(log_group, wanted, instances)
        ]

    def failed_boots(self, group: str, log_group: str, sha: str, since: float) -> list[BootEvent]:
        """Why boots of that release failed since a moment (seconds since the epoch), in the instances' own words.

        Only of launches that failed by AWS's word; of those of another release, where it is known, none.
        """
        failed = [instance for instance in self._failed_launches(group, since) if self._may_have(instance, sha)]
        return self._journal.said(log_group, Wanted(event="failed", sha=sha), failed, since=since)

    def _failed_launches(self, group: str, since: float) -> list[str]:
        """The instances that never came into service (DescribeScalingActivities, the newest first)."""
        pages = self._autoscaling.get_paginator("describe_scaling_activities").paginate(
            AutoScalingGroupName=group, PaginationConfig={"MaxItems": _ACTIVITIES, "PageSize": 100}
        )
        shown = (activity for page in pages for activity in page["Activities"])
        recent = takewhile(lambda activity: activity["StartTime"].timestamp() >= since, shown)
        named = (_LAUNCH.match(activity["Description"]) for activity in recent if activity["StatusCode"] in _NOT_DONE)
        return [launch[1] for launch in named if launch]

    def _may_have(self, instance: str, sha: str) -> bool:
        template = self._seen.get(instance)
        baked = self.templates.baked([template]).get(template) if template else None
        return baked is None or baked.sha == sha

    @cached_property
    def templates(self) -> Templates:
        return Templates(self.region)

    def _remember(self, group: Group) -> Group:
        self._seen.update({member.id: member.template for member in group.instances if member.template})
        return group


def _name(fleet: DeployedFleet) -> str:
    return fleet.name


def served(fleets: Fleets, group: Group, log_group: str) -> Serving:
    """What a group serves now: asked from the balancer, and from the instances that are in service."""
    healthy = fleets.healthy_targets(group.target_group_arns)
    in_service = [instance for instance in group.instances if instance.in_service]
    return count(group, healthy, fleets.ready(log_group, in_service))


def all_served(fleets: Fleets, stack: str) -> str:
    """What each fleet of a stack serves now, and how they get back to one release where they differ; a line each."""
    now = {found.name: served(fleets, found.group, found.log_group) for found in fleets.of_stack(stack)}
    lines = [f"  {name}: {serving}" for name, serving in now.items()]
    if len({sha for serving in now.values() for sha in serving.counts}) > 1:
        lines.append("To get back to one release on all of them: `python -m release rollback`")
    return "\n".join(lines)
